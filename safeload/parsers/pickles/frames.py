"""Frames of protocol 4 and later: a stream whose opcodes cross them is read differently by different unpicklers.

CPython's C unpickler, given a file without `peek`, drops what is left of a frame when an argument crosses its end;
given a file with `peek`, or bytes, it reads on; the pure-Python one raises (python/cpython#154848). A pickler never
writes such a stream, so one is reported, and every reading of it is judged.
"""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, Final, Protocol, pattern

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_FRAME: Final = b"\x95"
# A FRAME opcode needs a length that lies within the stream, so the three high bytes of it are zero (below 2**40).
_CANDIDATE: Final = pattern(rb"\x95.{4}[\x00-\xff]\x00\x00\x00", re.DOTALL)


class Source(Protocol):
    """What it needs of a file."""

    def read(self, n: int, /) -> bytes: ...

    def readline(self) -> bytes: ...

    def readinto(self, buffer: bytearray, /) -> int: ...


class Watched:
    """A file without `peek` (the unpickler then reads exactly what it needs) that notices a crossed frame end.

    Within a frame the unpickler does not read from the file at all. The first read after a frame is therefore the next
    opcode, one byte; anything else is an argument that began inside. `widest` is the length of the longest frame.
    """

    __slots__ = ("_after", "_body", "_last", "_readinto", "_readline", "_sized", "_source", "crossed", "widest")

    def __init__(self, source: Source) -> None:
        self._source = source.read
        self._readline = source.readline
        self._readinto = source.readinto
        self._last = b""
        self._sized = b""  # the opcode whose length, or other argument, was read last
        self._body = -1
        self._after = False
        self.crossed = False
        self.widest = 0

    def read(self, n: int) -> bytes:
        if n == self._body:
            self._body = -1
            self._after = True
            self._last = b""
            return self._source(n)
        data = self._source(n)
        if n == 1:
            self._last = data
            self._after = False
            return data
        self._crossing()
        if n == 8 and self._last == _FRAME:
            self._body = int.from_bytes(data, "little")
            self.widest = max(self.widest, self._body)
        self._sized, self._last = self._last, b""
        return data

    def readline(self) -> bytes:
        self._crossing()
        return self._readline()

    def readinto(self, buffer: bytearray) -> int:
        self._crossing()
        return self._readinto(buffer)

    def _crossing(self) -> bool:
        self.crossed = self.crossed or self._after
        self._after = False
        self._body = -1
        return self.crossed


def may_hold_frames(reader: Reader, start: int, end: int) -> bool:
    """Could a FRAME opcode have been executed between the two offsets?"""
    return any(_CANDIDATE.search(data) is not None for _, data in reader.pieces(start, end, before=8))


def framed(head: bytes) -> bool:
    """Protocol 4 or later by its first two bytes: the VM will meet frames."""
    return len(head) > 1 and head[0] == 0x80 and head[1] >= 4
