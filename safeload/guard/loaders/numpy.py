"""numpy: arrays in a file, which may be arrays of pickled objects."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from safeload.guard import hook
from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.copies import is_path
from safeload.guard.loaders.singlefile import OURS, SingleFile
from safeload.lean import Any, Mapping

_ALLOW_PICKLE = 2  # its place among the arguments
_MAGIC = b"\x93NUMPY"


class Numpy(SingleFile):
    """Without `allow_pickle=True` numpy reads numbers only, and is left alone."""

    name = "numpy"
    argument = "file"
    suffixes = (".npy", ".npz")
    keeps = True
    through = ("numpy.lib._npyio_impl", "numpy.lib._format_impl", "numpy.lib.npyio", "numpy.lib.format")
    entries = (
        Entry(module="numpy", attribute="load"),
        Entry(module="numpy.lib._npyio_impl", attribute="load"),
        Entry(module="numpy.lib.npyio", attribute="load"),
    )

    def concerns(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        allowed = args[_ALLOW_PICKLE] if len(args) > _ALLOW_PICKLE else kwargs.get("allow_pickle", False)
        mapped = args[1] if len(args) > 1 else kwargs.get("mmap_mode")
        target = self.target(args, kwargs)
        # A mapped array has no objects, and may be written to: it has to be the file itself.
        return bool(allowed) and not (mapped and is_path(target) and _is_array(Path(os.fsdecode(target))))

    def finish(self, result: Any, given: Any, grant: Grant) -> Any:
        """An archive is read when it is asked for an array: under the grant, then too."""
        archive = sys.modules["numpy"].lib.npyio.NpzFile
        if type(result) is archive:
            result.__class__ = _granted(archive, {name for stream in grant.streams for name in stream.names})
        return result


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _granted(archive: type, names: set[tuple[str, str]]) -> type:
    def item(self: Any, key: str) -> Any:
        read: Any = archive
        with hook.admitting(names, through=Numpy.through + OURS):
            return read.__getitem__(self, key)

    return type(archive.__name__, (archive,), {"__getitem__": item, "__module__": archive.__module__})
