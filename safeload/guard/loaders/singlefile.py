"""A library whose load takes one file: each states only what is its own, and the rest is here.

A path is answered with a path, an open file with an open file, bytes with bytes: always those of a private copy, which
must be what was decided on. To add a library, copy `skops.py`, and name it in `registry.py`.
"""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.guard.loaders.buffers import absent, copied, named, private
from safeload.guard.loaders.copies import artifact_of, at_path, folder_of, is_path
from safeload.lean import Any, Callable, ClassVar, Iterator, Mapping
from safeload.sources.interface import Call, Listing, Role, Source, Wanted

# The copies that are being read, as the library was given them.
_given: list[object] = []
# Where names of a grant pass on their way from a library to the unpickler, beside the library's own modules.
OURS = ("safeload.guard.loaders.singlefile", "safeload.guard.loaders.pickle")


class SingleFile(Loader):
    """`argument` is the parameter that says which file, `position` its place (1 for a method).

    `suffixes`: the files that are this library's; `preferred`: names that it looks for in a folder.
    `by_suffix`: the library goes by the end of the name, so the copy needs the same end.
    `folders`: the library loads whole folders too. `keeps`: it goes on reading an open file after it has returned.
    `as_path`: it is given a path for an open file too. `on_disk`: ends of names ("" for all) whose reader resolves
    the path first.
    `through`: the modules in which it unpickles; without any, nothing that the file names is let pass.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    preferred: ClassVar[tuple[str, ...]] = ()
    argument: ClassVar[str] = "file"
    position: ClassVar[int] = 0
    by_suffix: ClassVar[bool] = False
    folders: ClassVar[bool] = False
    keeps: ClassVar[bool] = False
    as_path: ClassVar[bool] = False
    on_disk: ClassVar[tuple[str, ...]] = ()
    through: ClassVar[tuple[str, ...]] = ()

    def concerns(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Can the call run, or trust, anything of the file? One that cannot is left to the library."""
        return True

    def finish(self, result: Any, given: Any, grant: Grant) -> Any:
        """What the library returned, made ready for the caller; `given` is the copy that it read."""
        return result

    def target(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        return args[self.position] if len(args) > self.position else kwargs.get(self.argument)

    def recognises(self, listing: Listing) -> bool:
        return bool(self.suffixes) and single.recognised(listing, self.suffixes, self.preferred)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if self.folders and Path(call.target).is_dir():
            return tuple(Wanted(path=path, role=Role.WEIGHTS) for path in sorted(listing.paths))
        return single.only(call, listing, self.suffixes, self.preferred)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = self.target(args, kwargs)
        if target is None or absent(target) or _mark(target) in _given or not self.concerns(entry, args, kwargs):
            return None
        if is_path(target) and Path(os.fsdecode(target)).is_dir() and not self.folders:
            return None
        return Call(target=named(target), loader=self.name, entry=self.name)

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return copied(self.target(args, kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        names = {name for stream in grant.streams for name in stream.names}
        with self.handed_over(self.target(args, kwargs), grant) as given:
            rest, options = self.replaced(args, kwargs, given)
            # What the library calls inside of this one, with the same copy, is the same load.
            _given.append(_mark(given))
            try:
                if self.through:
                    with hook.admitting(names, through=self.through + OURS):
                        result = original(*rest, **options)
                else:
                    result = original(*rest, **options)
            finally:
                _given.remove(_mark(given))
            return self.finish(result, given, grant)

    def replaced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if len(args) > self.position:
            return (*args[: self.position], given, *args[self.position + 1 :]), kwargs
        return args, {**kwargs, self.argument: given}

    @contextmanager
    def handed_over(self, target: Any, grant: Grant) -> Iterator[Any]:
        if is_path(target) and Path(os.fsdecode(target)).is_dir():
            with folder_of(grant) as folder:
                yield folder
            return
        with private(target, artifact_of(target, grant)) as copy:
            if is_path(target) or (self.as_path and hasattr(target, "read") and not target.tell()):
                like = os.fsdecode(target) if self.by_suffix and is_path(target) else ""
                with at_path(copy, like, on_disk=like.lower().endswith(self.on_disk)) as path:
                    yield path
            elif hasattr(target, "read"):
                # Where the caller's file stood, and where the library stopped reading, count: files hold several.
                stream = copy.stream()
                stream.seek(target.tell())
                yield stream
                if not stream.closed:
                    target.seek(stream.tell())
                    if not self.keeps:
                        stream.close()
            else:
                data = copy.read_at(0, copy.size)
                yield bytearray(data) if isinstance(target, bytearray) else data

    def load(self, grant: Grant) -> Mapping[str, Any]:
        (path,) = grant.files.values()
        entry = self.entries[0]
        function: Any = importlib.import_module(entry.module)
        for part in entry.attribute.split("."):
            function = getattr(function, part)
        # Wrapped or not: the bytes are those of the grant.
        return {"model": self.proceed(function, entry, (path,), dict(grant.call.options), grant)}


def _mark(target: Any) -> object:
    return os.fsdecode(target) if is_path(target) else id(target)
