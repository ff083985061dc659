"""joblib: an estimator in one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.sources.interface import Call, Listing, Wanted

_SUFFIXES = (".joblib", ".jl")


class Joblib(Loader):
    name = "joblib"
    entries = (Entry(module="joblib", attribute="load"), Entry(module="joblib.numpy_pickle", attribute="load"))

    def recognises(self, listing: Listing) -> bool:
        return single.recognised(listing, _SUFFIXES)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, _SUFFIXES)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = args[0] if args else kwargs.get("filename")
        if not isinstance(target, (str, os.PathLike)):
            return None
        return Call(target=os.fspath(target), loader=self.name, entry="joblib.load")

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import joblib

        (path,) = grant.files.values()
        return {"model": joblib.load(path)}
