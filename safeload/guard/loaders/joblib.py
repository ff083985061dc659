"""joblib: an estimator in one file."""

from __future__ import annotations

from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.guard.loaders.buffers import absent, copied, named, private
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted

_SUFFIXES = (".joblib", ".jl")


# Where joblib runs its unpickler, and reads object arrays from inside of it.
_RUNNERS = ("joblib.numpy_pickle", "joblib.numpy_pickle_compat", "safeload.guard.loaders.pickle")


class Joblib(Loader):
    name = "joblib"
    entries = (Entry(module="joblib", attribute="load"), Entry(module="joblib.numpy_pickle", attribute="load"))

    def recognises(self, listing: Listing) -> bool:
        return single.recognised(listing, _SUFFIXES)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, _SUFFIXES)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(args, kwargs)
        if target is None or absent(target):
            return None
        return Call(target=named(target), loader=self.name, entry="joblib.load")

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return copied(_target(args, kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        # joblib reads arrays from between the opcodes, so its unpickler needs the whole file: a copy of our own.
        (artifact,) = grant.snapshot.artifacts
        rest = {key: value for key, value in kwargs.items() if key != "filename"}
        names = {name for stream in grant.streams for name in stream.names}
        with private(_target(args, kwargs), artifact) as copy, hook.admitting(names, through=_RUNNERS):
            where = f"/proc/self/fd/{copy.fileno()}"
            return original(where if Path(where).exists() else copy.stream(), *args[1:], **rest)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import joblib

        (path,) = grant.files.values()
        return {"model": joblib.load(path)}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else kwargs.get("filename")
