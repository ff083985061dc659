"""pickle: any object in one file.

What only a load needs is imported by it: most files of this kind are looked at, and not loaded.
"""

from __future__ import annotations

from safeload.errors import Stop
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.lean import Any, Callable, ClassVar, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted


class Pickle(Loader):
    """`through`: the modules in which a library of this kind unpickles, where it is not CPython's own."""

    name = "pickle"
    repeatable = True
    suffixes: ClassVar[tuple[str, ...]] = (".pkl", ".pickle")
    through: ClassVar[tuple[str, ...]] = ()
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(module="pickle", attribute="load"),
        Entry(module="pickle", attribute="loads"),
        Entry(module="pickle", attribute="_load"),  # the same in Python, which some libraries prefer
        Entry(module="pickle", attribute="_loads"),
        Entry(module="_pickle", attribute="load"),
        Entry(module="_pickle", attribute="loads"),
    )

    def recognises(self, listing: Listing) -> bool:
        return bool(self.suffixes) and single.recognised(listing, self.suffixes)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, self.suffixes)

    def attempt(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Free names have no effect, so the bytes can be unpickled under the hook, and again if it stops them.

        A stream that cannot be rewound has the hook alone: there the stop is the end of it.
        """
        from safeload.guard.loaders.buffers import seekable

        target = _target(args, kwargs)
        if not seekable(target):
            return original(*args, **kwargs)
        start = target.tell() if hasattr(target, "tell") else None
        try:
            return original(*args, **kwargs)
        except Stop:
            if start is not None:
                target.seek(start)
            raise

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        from safeload.guard.loaders.buffers import named, seekable

        target = _target(args, kwargs)
        if target is None or not seekable(target):
            return None
        return Call(target=named(target), loader=self.name, entry=f"{self.name}.{entry.attribute.strip('_')}")

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        from safeload.guard.loaders.buffers import copied

        return copied(_target(args, kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        import io

        from safeload.guard import hook
        from safeload.guard.unpickle import take

        target = _target(args, kwargs)
        file = target if hasattr(target, "read") else io.BytesIO(target)
        data, stream = take(file, grant.streams)
        rest = {key: value for key, value in kwargs.items() if key not in _TARGETS}
        with hook.admitting(stream.names, through=self.through):
            return original(data if entry.attribute.endswith("loads") else io.BytesIO(data), *args[1:], **rest)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import importlib

        library = importlib.import_module(self.entries[0].module)
        (path,) = grant.files.values()
        with path.open("rb") as file:
            return {"object": library.load(file)}  # under the hook, with the names that were granted


_TARGETS = ("file", "data", "str")


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else next((kwargs[key] for key in _TARGETS if key in kwargs), None)
