"""huggingface_hub: downloads within a load are held to its grant; downloads alone are compared with their digests."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import UsageError
from safeload.guard import session
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import hub_files
from safeload.guard.loaders.origins import opened
from safeload.lean import Any, Callable, Iterator, Mapping
from safeload.sources.interface import Call, Listing, Role, Source, Wanted

_DOWNLOADS = ("hf_hub_download", "snapshot_download")
_LOOK = "try_to_load_from_cache"
_FASTAI = "from_pretrained_fastai"
_MIXIN = "ModelHubMixin.from_pretrained"
_MIXIN_FILES = (("config.json", Role.CONFIG), ("model.safetensors", Role.WEIGHTS), ("pytorch_model.bin", Role.WEIGHTS))
# Replaced by the grant.
_REPLACED = ("revision", "force_download", "local_files_only", "proxies", "resume_download")


class HuggingFaceHub(Loader):
    name = "huggingface_hub"
    entries = (
        Entry(module="huggingface_hub.file_download", attribute=_DOWNLOADS[0], everywhere=True),
        Entry(module="huggingface_hub._snapshot_download", attribute=_DOWNLOADS[1], everywhere=True),
        Entry(module="huggingface_hub.file_download", attribute=_LOOK, everywhere=True),
        Entry(module="huggingface_hub.hub_mixin", attribute=_MIXIN, family=True),
        Entry(module="huggingface_hub.fastai_utils", attribute=_FASTAI, everywhere=True),
    )

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if call.entry.endswith((_FASTAI, *_DOWNLOADS)):
            return tuple(Wanted(path=path, role=Role.FOUND) for path in sorted(listing.paths))
        return tuple(_mixed_in(listing))

    def wants_weights(self, call: Call) -> bool:
        return not call.entry.endswith(_DOWNLOADS)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        if entry.attribute in (*_DOWNLOADS, _LOOK):
            return None
        target = _target(entry, args, kwargs)
        if not target:
            return None
        name, _, at = target.partition("@") if entry.attribute == _FASTAI else (target, "", "")
        revision = kwargs.get("revision") or at or None
        return Call(target=name, revision=revision, loader=self.name, entry=f"{self.name}.{entry.attribute}")

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        target = args[1] if len(args) > 1 else kwargs.get("pretrained_model_name_or_path")
        return opened(target, kwargs)

    def unasked(self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if entry.attribute == _LOOK and session.depth():
            return hub_files.known(original, args, kwargs)
        if entry.attribute not in _DOWNLOADS or kwargs.get("library_name") == "safeload":
            return original(*args, **kwargs)
        if not session.depth():
            return hub_files.compared(original, entry.attribute, args, kwargs)
        if entry.attribute == _DOWNLOADS[0]:
            return hub_files.one(original, args, kwargs)
        return hub_files.several(original, args, kwargs)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        # What is downloaded within is held to the grant, whoever asks: a mixin's class may fetch what it likes.
        kept = {key: value for key, value in kwargs.items() if key not in _REPLACED}
        revision = grant.snapshot.origin.revision
        if entry.attribute == _MIXIN and revision is not None:
            kept["revision"] = revision
        return original(*args, **kept)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError(
            f"{grant.call.target} is loaded by a class of its own.", next="Call its `from_pretrained`, guarded."
        )


def _target(entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The repository or path: the first argument of a function, the second of a class's method."""
    if entry.attribute == _FASTAI:
        given = args[0] if args else kwargs.get("repo_id")
    else:
        given = args[1] if len(args) > 1 else kwargs.get("pretrained_model_name_or_path")
    return os.fspath(given) if isinstance(given, (str, Path)) else ""


def _mixed_in(listing: Listing) -> Iterator[Wanted]:
    """safetensors, else `.bin`, and the arguments of the class; a class of its own may want the rest."""
    found = [(path, role) for path, role in _MIXIN_FILES if path in listing.paths]
    weights = [path for path, role in found if role is Role.WEIGHTS]
    for path, role in found:
        if role is not Role.WEIGHTS or path == weights[0]:
            yield Wanted(path=path, role=role)
    if not weights:
        yield from (Wanted(path=p, role=Role.FOUND) for p in sorted(listing.paths) if p != "config.json")
