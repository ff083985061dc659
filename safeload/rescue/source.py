"""A file of a model on this machine, opened once, hashed, and the same to the end."""

from __future__ import annotations

import os

from safeload import limits
from safeload.errors import NotConverted
from safeload.guard.hold import hold
from safeload.guard.vault import Identity, changed
from safeload.lean import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from safeload.sources.interface import Artifact

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Source:
    """A context: raises `SourceError` where it is not the file that was announced, or did not stay what it was."""

    hashed = True

    def __init__(self, path: Path, artifact: Artifact) -> None:
        self.path = artifact.path
        self._place = path
        self._artifact = artifact
        self._descriptor = -1

    def __enter__(self) -> Source:
        held = hold(self._place, expected=self._artifact.expected)
        if held is None:
            raise NotConverted(f"{self.path} is nearly all holes.", next="Download it again.")
        self.sha256 = held.digest.hex
        self._identity = held.identity
        self._descriptor = os.open(self._place, _FLAGS)
        try:
            self.check()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None or kind is EOFError:
                self.check()
        finally:
            os.close(self._descriptor)

    def check(self) -> None:
        """Raises `Changed`."""
        if Identity.of(os.fstat(self._descriptor)) != self._identity:
            raise changed(str(self._place))

    @property
    def size(self) -> int:
        return self._identity.size

    def read_at(self, offset: int, n: int) -> bytes:
        return os.pread(self._descriptor, n, offset)

    def fileno(self) -> int:
        return self._descriptor

    def all(self) -> Iterator[bytes]:
        at = 0
        while data := self.read_at(at, 4 * limits.MIB):
            yield data
            at += len(data)
