"""Numbers and bytes one after the other: a place in a file that only moves on."""

from __future__ import annotations

import struct
import sys
from array import array
from functools import cache

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_AHEAD: Final = 256 * limits.KIB
_LEAST: Final = limits.RANGE_BLOCK


@cache
def _struct(code: str) -> struct.Struct:
    return struct.Struct(code)


class Cursor:
    """Reads from `at` on, `most` bytes at the most; `order` is `<` or `>`. Raises `Malformed` at the end."""

    __slots__ = ("_buffer", "_end", "_first", "_order", "_pos", "_reader")

    def __init__(self, reader: Reader, *, at: int = 0, order: str = "<", most: int = limits.HEADER) -> None:
        self._reader = reader
        self._order = order
        self._first = at
        self._pos = 0
        self._buffer = b""
        self._end = at + most

    @property
    def at(self) -> int:
        return self._first + self._pos

    @property
    def left(self) -> int:
        """Bytes to the end of the file."""
        return self._reader.size - self.at

    def bytes(self, n: int) -> bytes:
        if self._pos + n > len(self._buffer):
            self._fill(n)
        self._pos += n
        return self._buffer[self._pos - n : self._pos]

    def skip(self, n: int) -> None:
        """Over bytes that do not matter; they have to be there."""
        if self._pos + n <= len(self._buffer):
            self._pos += n
            return
        if n > self.left:
            raise Malformed(f"{n:,} bytes at offset {self.at} reach beyond the end at {self._reader.size}")
        self._first, self._pos, self._buffer = self.at + n, 0, b""
        self._bounded(0)

    def number(self, code: str) -> Any:
        """One value, by its code in `struct`."""
        form = _struct(self._order + code)
        if self._pos + form.size > len(self._buffer):
            self._fill(form.size)
        value = form.unpack_from(self._buffer, self._pos)[0]
        self._pos += form.size
        return value

    def numbers(self, code: str, count: int) -> Any:
        """Several of one kind: whole numbers as a list, others as an array."""
        made = array(code, self.bytes(count * self.width(code)))
        if (self._order == ">") != (sys.byteorder == "big"):
            made.byteswap()
        return made if code in "fd" else made.tolist()

    def width(self, code: str) -> int:
        return _struct(self._order + code).size

    def _fill(self, n: int) -> None:
        at = self.at
        self._bounded(n)
        if n > self.left:
            raise Malformed(f"{n:,} bytes at offset {at} reach beyond the end at {self._reader.size}")
        ahead = _AHEAD if self._reader.local else _LEAST
        self._buffer = self._reader.upto(at, max(n, ahead))
        self._first, self._pos = at, 0

    def _bounded(self, n: int) -> None:
        if self.at + n > self._end:
            raise Refused(f"a header of more than {self._end:,} bytes", reason=GapReason.LIMIT)
