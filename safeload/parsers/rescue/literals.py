"""Where the byte strings of a pickle lie in its file."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_HEAD: Final = 64  # bytes of it that are searched for; the rest is compared where those are found
_NEAR: Final = 64 * limits.KIB  # behind the one before, where it nearly always is
# Opcodes of byte strings (those of Python 2 too), each with the bytes of the length that follows it.
_OPCODES: Final = ((b"B", 4), (b"C", 1), (b"\x8e", 8), (b"\x96", 8), (b"T", 4), (b"U", 1))


class Literals:
    """The VM hands over what a byte string is, not where it stood: it is looked for, behind the one before.

    Wherever it is found, the same bytes stand there: a file can choose among equals, and nothing else.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._at = 0

    def find(self, content: Any) -> tuple[int, int]:
        """Offset and length. Raises `Refused` where it stands in another form, as before protocol 3."""
        data = content.encode("latin-1") if type(content) is str else content
        if type(data) not in (bytes, bytearray):
            raise Refused("its numbers are written as text, as before protocol 3 of pickle")
        if not data:
            return 0, 0
        coats = [op + len(data).to_bytes(n, "little") + data[:_HEAD] for op, n in _OPCODES if len(data) < 1 << 8 * n]
        near = min(self._at + _NEAR, self.reader.size)
        for start, end in ((self._at, near), (self._at, self.reader.size), (0, self.reader.size)):
            at = self._search(coats, data, start, end)
            if at >= 0:
                self._at = at + len(data)
                return at, len(data)
        raise Refused("its numbers do not stand in the file as they are")

    def _search(self, coats: list[bytes], data: bytes, start: int, end: int) -> int:
        """The first place in that part of the file where it begins behind its opcode and length."""
        most = max(map(len, coats))
        for base, piece in self.reader.pieces(start, end, before=most - 1):
            found = {coat: piece.find(coat) for coat in coats}
            while any(at >= 0 for at in found.values()):
                coat = min((coat for coat in coats if found[coat] >= 0), key=found.__getitem__)
                at = base + found[coat] + len(coat) - min(len(data), _HEAD)
                if self._same(at, data):
                    return at
                found[coat] = piece.find(coat, found[coat] + 1)
        return -1

    def _same(self, at: int, data: bytes) -> bool:
        if at + len(data) > self.reader.size:
            return False
        view = memoryview(data)
        return all(
            view[here - at : here - at + len(one)] == one for here, one in self.reader.chunks(at, at + len(data))
        )
