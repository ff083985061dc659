"""pickle: any object in one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.sources.interface import Call, Listing, Wanted

_SUFFIXES = (".pkl", ".pickle")


class Pickle(Loader):
    name = "pickle"
    entries = (Entry(module="pickle", attribute="load"), Entry(module="pickle", attribute="loads"))

    def recognises(self, listing: Listing) -> bool:
        return single.recognised(listing, _SUFFIXES)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, _SUFFIXES)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = args[0] if args else kwargs.get("file")
        name = getattr(target, "name", None)
        where = name if isinstance(name, str) else "<bytes>"
        return Call(target=where, loader=self.name, entry=f"pickle.{entry.attribute}")

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import pickle

        (path,) = grant.files.values()
        with path.open("rb") as file:
            return {"object": pickle.load(file)}  # noqa: S301  (under the hook, with the names that were granted)
