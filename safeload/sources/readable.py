"""Bytes of a file, wherever they lie: read at an offset, or hashed meanwhile."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload.lean import Protocol


class Readable(Protocol):
    """Bytes at an offset: an HTTP resource by ranges, or a local file. `size` in bytes, None where unknown."""

    @property
    def size(self) -> int | None: ...

    def read_at(self, offset: int, n: int) -> bytes:
        """At most `n` bytes from `offset`; fewer only at the end. Raises `SourceError`."""

    def fileno(self) -> int | None:
        """A descriptor that holds the whole file, or None (ranges)."""

    def close(self) -> None: ...


class Hashed(ABC):
    """A `Readable` file on this machine, that is hashed while it is looked at.

    `whole` are its bytes, where they are few and were read already; `unheld` says why it is not hashed, if so. `hashed`
    tells a worker that it need not.
    """

    hashed: bool = True
    whole: bytes | None = None
    unheld: str = ""

    @abstractmethod
    def sha256(self, *, wait: bool) -> str | None:
        """What it hashes to; None where that failed, or is not known yet. It decides what is looked up, no more."""
