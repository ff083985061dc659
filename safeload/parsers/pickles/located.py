"""A stream in which large byte strings are left where they are, and those found that are the numbers of arrays.

They are most of a large pickle, and of nearly all of them only the length matters. The VM is given as long a string
with a seal at its end, by which the ledger finds the content when somebody asks for it.
"""

from __future__ import annotations

import os
from collections import Counter

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.pickles.contents import Later
from safeload.parsers.pickles.frames import Watched

if TYPE_CHECKING:
    from safeload.parsers.pickles.ledger import Ledger
    from safeload.parsers.reader import Reader

LARGE: Final = 64 * limits.KIB  # bytes; a pickler writes longer ones outside of its frames
_HEAD: Final = limits.EVIDENCE  # bytes that are read all the same: what an example shows
_SECRET: Final = os.urandom(16)  # which no file can hold
SEAL: Final = len(_SECRET) + 8  # bytes
_BYTES: Final = frozenset({b"B", b"\x8e"})  # a `bytearray` can be changed, so it is read


class Located(Watched):
    """For one run of one stream."""

    __slots__ = ("_file", "_large", "_ledger", "_reader")

    def __init__(self, reader: Reader, file: Any, ledger: Ledger) -> None:
        super().__init__(file)
        self._file = file
        self._reader = reader
        self._large: list[tuple[int, int]] = []
        self._ledger = ledger
        ledger.numbers = {}

    def readinto(self, buffer: Any) -> int:
        at, n = self._file.tell(), len(buffer)
        crossed = self._crossing()
        if n < LARGE or at + n > self._reader.size:
            return self._readinto(buffer)
        self._large.append((at, n))
        if crossed or self._sized not in _BYTES or not self._reader.local:
            return self._readinto(buffer)
        seal = _SECRET + at.to_bytes(8, "little")
        self._ledger.apart[seal] = Later(reader=self._reader, start=at, size=n)
        buffer[:_HEAD] = self._file.read(_HEAD)
        buffer[-SEAL:] = seal
        self._file.seek(at + n)
        return n

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
