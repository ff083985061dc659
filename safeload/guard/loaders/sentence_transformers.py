"""sentence-transformers: models that are lists of modules, cross encoders, their own modules."""

from __future__ import annotations

import json
import os
import sys

from safeload.errors import SourceError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.origins import call_about, opened, pinned
from safeload.guard.loaders.sentence_transformers_scope import scope_of
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted

_NAME = "model_name_or_path"
_NOT_OPTIONS = (_NAME, "model_name", "cache_folder", "modules")
_REPLACED = ("revision", "local_files_only")


class SentenceTransformers(Loader):
    name = "sentence_transformers"
    entries = (
        # All classes of release 6 come to this one; before it there were two.
        Entry(module="sentence_transformers.base.model", attribute="BaseModel.__init__"),
        Entry(module="sentence_transformers.SentenceTransformer", attribute="SentenceTransformer.__init__"),
        Entry(module="sentence_transformers.cross_encoder.CrossEncoder", attribute="CrossEncoder.__init__"),
    )

    def recognises(self, listing: Listing) -> bool:
        try:
            modules = json.loads(listing.read("modules.json") or b"null")
        except (ValueError, RecursionError, SourceError):
            return False
        return isinstance(modules, list) and bool(modules)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return scope_of(call, listing)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(args, kwargs)
        if not target:
            return None
        return call_about(
            target, kwargs, *_NOT_OPTIONS, loader=self.name, entry=f"{self.name}.{type(args[0]).__name__}"
        )

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return opened(_target(args, kwargs), kwargs, cache="cache_folder")

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        return original(*args, **pinned(grant, _target(args, kwargs), kwargs, *_REPLACED))

    def load(self, grant: Grant) -> Mapping[str, Any]:
        from sentence_transformers import SentenceTransformer

        options = {"trust_remote_code": bool(grant.code), **grant.call.options}
        revision = grant.snapshot.origin.revision
        return {"model": SentenceTransformer(grant.snapshot.origin.name, revision=revision, **options)}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The model's name as the class completes it: a bare one is the library's own organisation's."""
    given = args[1] if len(args) > 1 else kwargs.get(_NAME, kwargs.get("model_name"))
    name = os.fspath(given) if isinstance(given, (str, os.PathLike)) else ""
    if not name or "/" in name or os.path.exists(name):  # noqa: PTH110
        return name
    organisation = getattr(type(args[0]), "default_huggingface_organization", "sentence-transformers")
    known = getattr(sys.modules.get("sentence_transformers.util.misc"), "ORIGINAL_TRANSFORMER_MODELS", ())
    return name if organisation is None or name.lower() in known else f"{organisation}/{name}"
