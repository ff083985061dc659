"""A regular file on this machine as a `Readable`."""

from __future__ import annotations

import errno
import os
import stat

from safeload.errors import Changed, SourceError
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FileReader:
    """The file that `path` leads to, opened once; it must stay the file that it was.

    Nothing is granted by what is read through it, so nobody need hash it (`Hashed.hashed`).
    """

    hashed = True

    def __init__(self, path: str | Path) -> None:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        self._path = path
        try:
            # Not blocking, since opening a FIFO waits for a writer.
            self._descriptor = _open(path, flags | getattr(os, "O_CLOEXEC", 0))
        except (OSError, ValueError) as error:
            raise SourceError(
                f"{path} is unreadable ({_why(error)}).", next="Check the file and its rights."
            ) from error
        self._status = os.fstat(self._descriptor)
        if not stat.S_ISREG(self._status.st_mode):
            self.close()
            raise SourceError(f"{path} is unreadable: it is not a regular file.", next="Give the path of a file.")

    @property
    def size(self) -> int | None:
        return self._status.st_size

    def fileno(self) -> int | None:
        return self._descriptor

    def read_at(self, offset: int, n: int) -> bytes:
        if offset < 0 or n < 0:
            raise ValueError("a negative offset or length")
        end = min(offset + n, self._status.st_size)
        parts = []
        while offset < end:
            try:
                part = os.pread(self._descriptor, end - offset, offset)
            except OSError as error:
                raise SourceError(f"{self._path} is unreadable ({_why(error)}).") from error
            if not part:
                break
            parts.append(part)
            offset += len(part)
        self._check_same(complete=offset >= end)
        return b"".join(parts)

    def _check_same(self, *, complete: bool) -> None:
        now, then = os.fstat(self._descriptor), self._status
        if not complete or (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            raise Changed(f"{self._path} changed while it was being read.", next="Wait until it is complete.")

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _open(path: str | Path, flags: int) -> int:
    """What the path leads to; most are no links, and resolving one takes longer than reading a small file."""
    try:
        return os.open(path, flags)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return os.open(os.path.realpath(path), flags)


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
