"""One file's bytes where nobody can change them: sealed memory on Linux, elsewhere a private read-only file."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.lean import Iterable
from safeload.sources import sealable

MEMFD = hasattr(os, "memfd_create")


class Copy:
    """Written once, then sealed; `path` is where any library opens it, until it is closed.

    `place` is where the file would lie that stands in for sealed memory. The path names this process, so that its
    children open it too.
    """

    def __init__(self, place: Path) -> None:
        self.path = place
        self._own: Path | None = None
        self._sealable = MEMFD
        if self._sealable:
            self.descriptor = sealable.memory()
            self.path = Path(f"/proc/{os.getpid()}/fd/{self.descriptor}")
            if self.path.exists():
                return
            os.close(self.descriptor)  # no /proc here: nobody could open it by a name
            self._sealable = False
        self.path = self._own = place
        self.descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600)

    def write(self, data: bytes | memoryview) -> None:
        sealable.write(self.descriptor, data)

    def seal(self) -> None:
        """From here on it is what it is: by the kernel's word, or for all but this user and root."""
        if self._sealable:
            sealable.seal(self.descriptor)
            return
        writing, self.descriptor = self.descriptor, os.open(self.path, os.O_RDONLY | _FLAGS)
        os.close(writing)
        self.path.chmod(0o400)

    def close(self) -> None:
        """What maps it keeps its bytes; its path leads nowhere, or to another file: remove what leads there first."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        if self._own is not None:
            self._own.unlink(missing_ok=True)

    def __del__(self) -> None:
        if getattr(self, "descriptor", -1) >= 0:
            self.close()


def sealed(copies: Iterable[Copy]) -> bool:
    """Are they all sealed by the kernel?"""
    return all(copy._sealable for copy in copies)


_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
