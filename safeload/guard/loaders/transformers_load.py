"""Loading by transformers, held to the commits that were granted."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager

from safeload.errors import UsageError
from safeload.guard.loaders.settings import part
from safeload.guard.loaders.transformers_code import auto_class
from safeload.guard.loaders.transformers_entries import SUFFIX, Kind, class_name, is_auto, kind_of
from safeload.lean import TYPE_CHECKING, Any, Iterator, Mapping
from safeload.sources.interface import Artifact, Origin, OriginKind, Role

if TYPE_CHECKING:
    from safeload.guard.interface import Grant

# Replaced by the grant: these would fetch or read something else than what was looked at.
_REPLACED = ("revision", "code_revision", "trust_remote_code", "force_download", "local_files_only",
             "resume_download", "proxies")  # fmt: skip
_CONVERSION = "DISABLE_SAFETENSORS_CONVERSION"


@contextmanager
def bound(grant: Grant, target: str, name: str, kwargs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments of a `from_pretrained`, pinned to the commits of `grant`, for as long as the call lasts.

    Only local files: what was not fetched was not looked at. `name` is the entry that was called.
    """
    origin = _origin(grant, target)
    pinned = {key: value for key, value in kwargs.items() if key not in _REPLACED}
    # An explicit False is the caller's own no, whatever was approved.
    trusted = bool(grant.code) and kwargs.get("trust_remote_code") is not False
    if trusted or is_auto(name) or "trust_remote_code" in kwargs:
        # Said in any case where transformers would ask in its own words otherwise.
        pinned["trust_remote_code"] = trusted
    commit = _code_commit(grant, origin) if is_auto(name) and trusted else None
    if commit is not None:
        pinned["code_revision"] = commit
    if origin.kind is OriginKind.HUB:
        pinned["revision"] = origin.revision
        pinned["local_files_only"] = True
    if kind_of(name) in (Kind.MODEL, Kind.WHOLE):
        # An adapter's inner call is for its base; the adapter then comes from its own repository. Without an adapter
        # the look for one must not leave this machine either.
        inner = "_adapter_model_path" in (kwargs.get("adapter_kwargs") or {})
        adapter = grant.snapshot.origin if inner else origin
        pinned.update(_adapter(adapter, _base(grant, origin) or origin, kwargs))
    with _without_conversion():
        yield pinned


def _adapter(adapter: Origin, base: Origin, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """transformers reads `revision` in the base model's repository, and the adapter's from its own arguments."""
    pinned: dict[str, Any] = {}
    if base.kind is OriginKind.HUB:
        pinned |= {"revision": base.revision, "local_files_only": True}
    more = dict(kwargs.get("adapter_kwargs") or {})
    if adapter.kind is OriginKind.HUB:
        more["revision"] = adapter.revision
        if _passes_on():
            more["local_files_only"] = True
            if kwargs.get("cache_dir") is not None:
                more["cache_dir"] = kwargs["cache_dir"]
    return {**pinned, "adapter_kwargs": more}


def _passes_on() -> bool:
    """transformers 4 hands these to the look for an adapter itself, and takes no second one."""
    import transformers

    return int(transformers.__version__.split(".")[0]) >= 5


def _origin(grant: Grant, target: str) -> Origin:
    """The origin that the grant knows `target` by."""
    origins = [grant.snapshot.origin, *(a.origin for a in grant.snapshot.artifacts if a.origin is not None)]
    name = target.partition("@")[0]
    for origin in origins:
        if origin.name in (target, name):
            return origin
    return grant.snapshot.origin


def _base(grant: Grant, origin: Origin) -> Origin | None:
    """The base model's origin, where `origin` is an adapter that leads to one."""
    if origin != grant.snapshot.origin or "adapter_config.json" not in {a.path for a in grant.snapshot.artifacts}:
        return None
    for artifact in grant.snapshot.artifacts:
        if artifact.origin is not None and artifact.name_in_origin.rpartition("/")[2] == "config.json":
            return artifact.origin
    return None


def _code_commit(grant: Grant, origin: Origin) -> str | None:
    """The commit to pass as `code_revision`; None where the code lies beside the model and follows its revision.

    transformers takes one commit for all code. Where it lies in several places, each download is held to the grant.
    """
    places = {a.origin or grant.snapshot.origin for a in grant.snapshot.artifacts if a.role is Role.CODE}
    if places <= {origin}:
        return None
    return places.pop().revision if len(places) == 1 else None


class _Conversion:
    """How many loads are under way that must not ask the hub to convert weights."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.before: str | None = None


_conversion = _Conversion()


@contextmanager
def _without_conversion() -> Iterator[None]:
    """transformers starts a thread that sends the token to a conversion service, unless this variable says no."""
    with _conversion.lock:
        if _conversion.count == 0:
            _conversion.before = os.environ.get(_CONVERSION)
            os.environ[_CONVERSION] = "1"
        _conversion.count += 1
    try:
        yield
    finally:
        with _conversion.lock:
            _conversion.count -= 1
            if _conversion.count == 0:
                if _conversion.before is None:
                    os.environ.pop(_CONVERSION, None)
                else:
                    os.environ[_CONVERSION] = _conversion.before


# The whole: a model, and its tokenizer where there is one.


def load(grant: Grant) -> dict[str, Any]:
    """The objects that the grant's call asks for, by name: `model`, `tokenizer`, `processor`, `config`."""
    import transformers

    call = grant.call
    kind = kind_of(call.entry)
    found: dict[str, Any] = {}
    if kind in (Kind.WHOLE, Kind.MODEL):
        found["model"] = _loaded(_model_class(grant, transformers), grant, call.options)
    if kind in (Kind.TOKENIZER, Kind.PROCESSOR, Kind.CONFIG):
        found[kind.value] = _loaded(_named(class_name(call.entry), transformers), grant, call.options)
    if kind is Kind.WHOLE and any(a.role is Role.TOKENIZER for a in grant.snapshot.artifacts):
        kept = {key: value for key, value in call.options.items() if key == "subfolder"}
        found["tokenizer"] = _loaded(transformers.AutoTokenizer, grant, kept, tokenizer=True)
    return found


def _loaded(kind: Any, grant: Grant, options: Mapping[str, Any], *, tokenizer: bool = False) -> Any:
    origin = grant.snapshot.origin
    if tokenizer:
        origin = _tokenizer_origin(grant)
    with bound(grant, origin.name, kind.__name__ + SUFFIX, options) as pinned:
        return kind.from_pretrained(origin.name, **pinned)


def _tokenizer_origin(grant: Grant) -> Origin:
    """An adapter's own tokenizer where it has one, else its base's."""
    own = grant.snapshot.origin
    places = [a.origin or own for a in grant.snapshot.artifacts if a.role is Role.TOKENIZER]
    return own if own in places else places[0]


def _model_class(grant: Grant, transformers: Any) -> Any:
    """The class that was named, else the config's architecture, else the repository's own, else `AutoModel`."""
    if grant.call.entry and class_name(grant.call.entry) != "pipeline":
        return _named(class_name(grant.call.entry), transformers)
    config = _config(grant)
    own = auto_class(config)
    if own and grant.code:
        return _named(own, transformers)
    named = config.get("architectures")
    name = named[0] if isinstance(named, list) and named else ""
    if isinstance(name, str) and name.isidentifier():
        found = getattr(transformers, name, None)
        if isinstance(found, type) and issubclass(found, transformers.PreTrainedModel):
            return found
    return _named(own or "AutoModel", transformers)


def _config(grant: Grant) -> dict[str, Any]:
    """The config of the model that is loaded: the base's, for an adapter."""
    configs = [a for a in grant.snapshot.artifacts if _is_config(a)]
    for artifact in sorted(configs, key=lambda a: a.origin is not None):
        path = grant.files.get(artifact.path)
        if path is not None:
            import json

            return part({"config": json.loads(path.read_text("utf-8"))}, "config")
    return {}


def _is_config(artifact: Artifact) -> bool:
    return artifact.name_in_origin.rpartition("/")[2] == "config.json"


def _named(name: str, transformers: Any) -> Any:
    found = getattr(transformers, name, None) if name.isidentifier() else None
    if not isinstance(found, type) or not hasattr(found, "from_pretrained"):
        raise UsageError(f"transformers has no class {name!r} to load.", next="Give one such as AutoModel.")
    return found
