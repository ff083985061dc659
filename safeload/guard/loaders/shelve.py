"""shelve: a database of pickled objects, each read when it is asked for."""

from __future__ import annotations

import io
import pickle

from safeload.errors import UsageError
from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.buffers import IN_MEMORY, copied
from safeload.guard.unpickle import take
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Role, Source, Wanted


class Shelve(Loader):
    """Every value is a pickle of its own, and is decided on as one."""

    name = "shelve"
    repeatable = True
    entries = (Entry(module="shelve", attribute="Shelf.__getitem__"),)

    def recognises(self, listing: Listing) -> bool:
        return False  # the files are those of some dbm: what is in them nobody sees from outside

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return tuple(Wanted(path=path, role=Role.WEIGHTS) for path in sorted(listing.paths))

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        return Call(target=IN_MEMORY, loader=self.name, entry="shelve.open")

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return copied(_raw(*args, **kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        shelf, key = args[0], args[1] if len(args) > 1 else kwargs["key"]
        data, stream = take(io.BytesIO(_raw(shelf, key)), grant.streams)
        with hook.admitting(stream.names):
            value = pickle.Unpickler(io.BytesIO(data)).load()  # noqa: S301  (with the names that were granted)
        if shelf.writeback:
            shelf.cache[key] = value
        return value

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A shelf is loaded value by value.", next="Open it with `shelve.open` under the guard.")


def _raw(shelf: Any, key: str) -> bytes:
    raw: bytes = shelf.dict[key.encode(shelf.keyencoding)]
    return raw
