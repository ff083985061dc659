"""A file that ends early, for runs of what may be mere data."""

from __future__ import annotations

from safeload.lean import Any, Final

_LONG_BINPUT: Final = b"r"
# Opcodes whose length the unpickler makes room for before it reads on, by the bytes of that length.
_ROOM: Final = {b"B": 4, b"\x8e": 8, b"\x96": 8}


class Within:
    """Ends at `end`: a length beyond it, which random data is full of, costs nothing; neither does a memo that large.

    `wide` tells that it ended for a memo index which an unpickler with more memory would take.
    The C unpickler reads a file without `peek` piece by piece: an opcode, then its argument.
    """

    __slots__ = ("_end", "_file", "_last", "wide")

    def __init__(self, file: Any, end: int) -> None:
        self._file = file
        self._end = end
        self._last = b""
        self.wide = False

    def read(self, n: int) -> bytes:
        at = self._file.tell()
        if at + n > self._end:
            return b""
        data: bytes = self._file.read(n)
        last, self._last = self._last, data if n == 1 else b""
        if n == _ROOM.get(last) and int.from_bytes(data, "little") > self._end - at:
            return b""
        if n == 4 and last == _LONG_BINPUT and int.from_bytes(data, "little") > self._end - at:
            self.wide = True
            return b""
        return data

    def readline(self) -> bytes:
        self._last = b""
        return self._file.readline(self._end - self._file.tell())  # type: ignore[no-any-return]

    def readinto(self, buffer: Any) -> int:
        self._last = b""
        fits = self._file.tell() + len(buffer) <= self._end
        return self._file.readinto(buffer) if fits else 0
