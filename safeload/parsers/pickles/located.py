"""A stream in which the places of large literals are noted, and which are the numbers of arrays.

What large literals are made of is also hashed here, while it is at hand: they are most of a large pickle.
"""

from __future__ import annotations

from collections import Counter

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.pickles.frames import Watched
from safeload.parsers.reader import hashing

if TYPE_CHECKING:
    from safeload.parsers.pickles.ledger import Ledger
    from safeload.parsers.reader import Reader

LARGE: Final = 64 * limits.KIB  # bytes; a pickler writes longer ones outside of its frames


class Located(Watched):
    """For one run of one stream, from `start`."""

    __slots__ = ("_at", "_file", "_large", "_ledger", "_reader", "_sha")

    def __init__(self, reader: Reader, file: Any, ledger: Ledger, start: int) -> None:
        super().__init__(file)
        self._file = file
        self._reader = reader
        self._large: list[tuple[int, int]] = []
        self._ledger = ledger
        ledger.numbers = {}
        self._sha: Any = hashing(reader.size - start) if reader.local and not reader.artifact else None
        self._at = start

    def readinto(self, buffer: Any) -> int:
        n = super().readinto(buffer)
        if n == len(buffer) >= LARGE:
            at = self._file.tell() - n
            self._large.append((at, n))
            if self._sha is not None:
                for _, data in self._reader.pieces(self._at, at):
                    self._sha.update(data)
                self._sha.update(buffer)
                self._at = at + n
        return n

    @property
    def hashed(self) -> tuple[Any, int] | None:
        """A digest of what lies before the offset."""
        return None if self._sha is None else (self._sha, self._at)

    def numbers(self) -> tuple[tuple[int, int], ...]:
        """Offset and length of literals that are the bytes of arrays of numbers. Ask once, after the run.

        A byte string that is longer than any frame was read by `readinto`; nothing else gives the VM one of that size.
        So if as many of them became arrays as there are, all of them did.
        """
        held, self._ledger.numbers = self._ledger.numbers or {}, None
        if self.crossed:
            return ()
        arrays = Counter(map(len, held.values()))
        read = Counter(n for _, n in self._large)
        return tuple((at, n) for at, n in self._large if n > self.widest and arrays[n] == read[n])
