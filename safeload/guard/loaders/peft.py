"""peft: adapters, and the models that they are for."""

from __future__ import annotations

import os

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import transformers_scope
from safeload.guard.loaders.origins import call_about, opened, pinned
from safeload.guard.loaders.settings import part, settings, text
from safeload.lean import Any, Callable, Iterator, Mapping, replace
from safeload.sources.interface import Call, Listing, Role, Source, Wanted

_FROM = "PeftModel.from_pretrained"
_ADD = "PeftModel.load_adapter"
_AUTO = "_BaseAutoPeftModel.from_pretrained"
_CONFIG = "adapter_config.json"
_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


class Peft(Loader):
    """A repository that is only named goes to transformers: it loads an adapter with its base."""

    name = "peft"
    entries = (
        Entry(module="peft.peft_model", attribute=_FROM),
        Entry(module="peft.peft_model", attribute=_ADD),
        Entry(module="peft.mixed_model", attribute="PeftMixedModel.from_pretrained"),
        Entry(module="peft.auto", attribute=_AUTO),
    )

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if not call.entry.startswith(f"{self.name}."):  # the base
            return transformers_scope.scope_of(call, listing)
        return tuple(dict.fromkeys(_adapter(call, listing)))

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(entry, args, kwargs)
        if not target:
            return None
        name = f"{self.name}.{entry.attribute.lstrip('_')}"
        return call_about(target, kwargs, "model_id", "cache_dir", loader=self.name, entry=name)

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        named = next((a for a in args[1:3] if isinstance(a, (str, os.PathLike))), None)
        return opened(named or kwargs.get("model_id", kwargs.get("pretrained_model_name_or_path")), kwargs)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        target, code = _target(entry, args, kwargs), entry.attribute == _AUTO
        return original(*args, **pinned(grant, target, kwargs, "force_download", "proxies", code=code))

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("An adapter needs a model.", next="Load it with its base: --loader transformers.")


def _target(entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Behind the class and the model, or behind the object or the class."""
    place, key = (1, "model_id") if entry.attribute == _ADD else (2, "model_id")
    if entry.attribute == _AUTO:
        place, key = 1, "pretrained_model_name_or_path"
    given = args[place] if len(args) > place else kwargs.get(key)
    return os.fspath(given) if isinstance(given, (str, os.PathLike)) else ""


def _adapter(call: Call, listing: Listing) -> Iterator[Wanted]:
    folder = call.options.get("subfolder")
    head = f"{folder.strip('/')}/" if isinstance(folder, str) and folder.strip("/") else ""
    config = settings(listing, head + _CONFIG)
    yield Wanted(path=head + _CONFIG, role=Role.CONFIG)
    there = [head + name for name in _WEIGHTS if head + name in listing.paths]
    yield Wanted(path=(there or [head + _WEIGHTS[0]])[0], role=Role.WEIGHTS)
    for other in part(config, "adapters").values():  # X-LoRA mixes adapters of other repositories
        if isinstance(other, str) and other:
            yield Wanted(path="", role=Role.CONFIG, repo=other, entry=f"{Peft.name}.{_ADD}")
    if not call.entry.endswith("AutoPeftModel.from_pretrained"):
        return
    base = text(config, "base_model_name_or_path")
    if base:
        revision = text(config, "revision") or None
        yield Wanted(path="", role=Role.CONFIG, repo=base, revision=revision, entry="AutoModel.from_pretrained")
    tokenizer = replace(call, entry="AutoTokenizer.from_pretrained")
    yield from transformers_scope.scope_of(tokenizer, listing)
