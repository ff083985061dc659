"""spaCy: a folder of tables, settings that name functions, and what each component of the pipeline keeps."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.buffers import named
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted

_SETTINGS = frozenset({"config.cfg", "meta.json"})
# Beside a pipeline on the hub: the package it comes in, which is installed and not loaded; texts; Python, which no
# pipeline in a folder runs (none of it is approved, so that what runs it all the same is stopped).
_NOT_OPENED = (".whl", ".md", ".py", ".pyc", ".gitattributes")


class SpaCy(Loader):
    """`spacy.load` of a path or of an installed package, and `Language.from_disk`, which is all that opens files."""

    name = "spacy"
    entries = (
        Entry(module="spacy.util", attribute="load_model_from_path", everywhere=True),
        Entry(module="spacy.language", attribute="Language.from_disk", family=True),
    )

    def recognises(self, listing: Listing) -> bool:
        return listing.paths >= _SETTINGS

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        opened = [path for path in sorted(listing.paths) if not path.endswith(_NOT_OPENED)]
        return tuple(Wanted(path=path, role=Role.CONFIG if path in _SETTINGS else Role.FOUND) for path in opened)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        at, argument = (1, "path") if entry.attribute == "Language.from_disk" else (0, "model_path")
        path = args[at] if len(args) > at else kwargs.get(argument)
        if path is None or not Path(os.fsdecode(path)).is_dir():
            return None
        return Call(target=named(path), loader=self.name, entry=self.name)

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        folder = grant.snapshot.origin.name
        with hook.watching(f"{folder}/", f"{os.path.realpath(folder)}/"):
            return original(*args, **kwargs)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        return {"nlp": importlib.import_module("spacy").load(Path(grant.snapshot.origin.name))}
