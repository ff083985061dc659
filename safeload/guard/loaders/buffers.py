"""Open files, buffers and bytes that are loaded: copies of our own, which nobody else can change."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from pathlib import Path

from safeload.errors import Changed, SourceError
from safeload.lean import Any, Iterator
from safeload.sources.interface import Artifact, Source
from safeload.sources.local import absolute
from safeload.sources.memory import MemorySource, PrivateFile

IN_MEMORY = "<bytes>"


def named(target: Any) -> str:
    """The path, the open file's path, or that it is in memory. Never relative: that could name a repository too."""
    if isinstance(target, (str, os.PathLike)):
        return absolute(os.fsdecode(target))
    name = getattr(target, "name", None)
    if not isinstance(name, str) or not name:
        return IN_MEMORY
    return absolute(name) if os.path.lexists(name) else name


def absent(target: Any) -> bool:
    """Is it a path of nothing? Then the library itself says so best, with the error that its callers expect."""
    try:
        return isinstance(target, (str, os.PathLike)) and not os.path.lexists(target)
    except ValueError:  # a NUL byte
        return True


def seekable(target: Any) -> bool:
    """Can the bytes be read again?"""
    if isinstance(target, (bytes, bytearray, memoryview)):
        return True
    ask = getattr(target, "seekable", None)
    if ask is None:  # a memory map says so from Python 3.13 on
        return all(hasattr(target, name) for name in ("read", "seek", "tell"))
    return callable(ask) and bool(ask())


def copied(target: Any) -> Source | None:
    """The whole of an open file or buffer as a private source; None for a path. The file's position is kept."""
    if isinstance(target, (str, os.PathLike)):
        return None
    return MemorySource(_copy(target), name=named(target))


@contextmanager
def private(target: Any, artifact: Artifact) -> Iterator[PrivateFile]:
    """A private copy of what `target` holds, which must be the artifact that was decided on. Raises `Changed`."""
    if isinstance(target, (str, os.PathLike)):
        try:
            with Path(target).open("rb") as file:
                copy = PrivateFile(file)
        except OSError as error:
            raise SourceError(f"{target} cannot be read ({error.strerror}).", next="Check its permissions.") from error
    else:
        copy = _copy(target)
    try:
        if copy.digest != artifact.digest:
            raise Changed(
                f"{artifact.path} changed after it was looked at.", next="Load it again: it will be looked at anew."
            )
        yield copy
    finally:
        copy.close()


def _copy(target: Any) -> PrivateFile:
    if not hasattr(target, "read"):
        return PrivateFile(io.BytesIO(target))
    if not seekable(target):
        raise SourceError("This stream cannot be read twice.", next="Save it to a file, and load that.")
    position = target.tell()
    target.seek(0)
    try:
        return PrivateFile(target)
    finally:
        target.seek(position)
