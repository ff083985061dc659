"""FlatBuffers by their binary layout: tables, vectors, strings, each offset checked against the file.

https://flatbuffers.dev/internals/
"""

from __future__ import annotations

import struct

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Iterator, record
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader


class Buffer:
    """A file with one root table, read through a window that moves."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._data = b""
        self._base = 0
        self._left = limits.FLATBUFFER_READS

    def root(self) -> Table:
        return self.table(self.number("<I", 0))

    def table(self, at: int) -> Table:
        """Raises `Malformed` where no table can be."""
        start = at - self.number("<i", at)
        size = self.number("<H", start)
        if size < 4 or size % 2:
            raise Malformed(f"a table at byte {at} without a layout")
        return Table(self, at, start, size)

    def number(self, format: str, at: int) -> int:
        self._left -= 1
        if self._left < 0:
            raise Refused(f"more than {limits.FLATBUFFER_READS:,} values", reason=GapReason.LIMIT)
        size = struct.calcsize(format)
        if not self._base <= at <= self._base + len(self._data) - size:
            if at < 0:
                raise Malformed("an offset in front of the file")
            # Offsets lead forwards and back: the window is around what is asked for.
            self._base = max(0, at - limits.RANGE_BLOCK // 4)
            self._data = self._reader.upto(self._base, limits.RANGE_BLOCK)
            if at + size > self._base + len(self._data):
                raise Malformed(f"an offset behind the end: {at}")
        value: int = struct.unpack_from(format, self._data, at - self._base)[0]
        return value

    def text(self, at: int) -> str:
        size = self.number("<I", at)
        if size > limits.PROTO_TEXT:
            raise Refused(f"a text of {size:,} bytes", reason=GapReason.LIMIT)
        return self._reader.read_at(at + 4, size).decode("utf-8", "backslashreplace")


@record(frozen=True, slots=True)
class Table:
    """One table; fields by their place in the schema, from 0. What is not there is None, or the default given."""

    buffer: Buffer
    at: int
    layout: int
    size: int

    def _place(self, field: int) -> int:
        slot = 4 + 2 * field
        if slot + 2 > self.size:
            return 0
        offset = self.buffer.number("<H", self.layout + slot)
        return self.at + offset if offset else 0

    def _target(self, field: int) -> int | None:
        place = self._place(field)
        return place + self.buffer.number("<I", place) if place else None

    def number(self, field: int, format: str = "<i", default: int = 0) -> int:
        place = self._place(field)
        return self.buffer.number(format, place) if place else default

    def text(self, field: int) -> str | None:
        target = self._target(field)
        return None if target is None else self.buffer.text(target)

    def table(self, field: int) -> Table | None:
        target = self._target(field)
        return None if target is None else self.buffer.table(target)

    def tables(self, field: int) -> Iterator[Table]:
        """A vector of tables."""
        target = self._target(field)
        if target is None:
            return
        for index in range(self.buffer.number("<I", target)):
            at = target + 4 + 4 * index
            yield self.buffer.table(at + self.buffer.number("<I", at))

    def length(self, field: int) -> int:
        target = self._target(field)
        return 0 if target is None else self.buffer.number("<I", target)
