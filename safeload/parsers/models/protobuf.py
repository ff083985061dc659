"""Protocol Buffers by their wire format: the fields that a table names, everything else skipped without being read.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Iterator, Mapping, field, record
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5
_FIXED: Final = {FIXED64: 8, FIXED32: 4}
_NUMBERS: Final = 1 << 29

Values = dict[str, list[Any]]
Seen = Callable[[str, Values, str], None]


@record(frozen=True, slots=True)
class Text:
    """A string. One that stands twice where a message has room for one is refused: readers differ in what they take."""

    name: str
    many: bool = False
    most: int = limits.PROTO_TEXT


@record(frozen=True, slots=True)
class Number:
    """A varint, as an unsigned integer."""

    name: str
    many: bool = False


@record(frozen=True, slots=True)
class Inner:
    """A message. `kept` ones become dictionaries in the message around them; others are told when they end."""

    name: str
    message: str
    kept: bool = False
    many: bool = True


Schema = Mapping[str, Mapping[int, Text | Number | Inner]]


@record(frozen=True, slots=True)
class Field:
    """One field: a number in `value`, or a span of `size` bytes from `start`."""

    number: int
    wire: int
    value: int
    start: int
    size: int


class Wire:
    """The fields in any span of a reader, through a window that is moved as it is needed."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._data = b""
        self._base = 0
        self._left = limits.PROTO_FIELDS

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Every field from `start` to exactly `end`. Raises `Malformed`."""
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise Refused(f"more than {limits.PROTO_FIELDS:,} fields", reason=GapReason.LIMIT)
            tag, at = self._varint(at, end)
            number, wire = tag >> 3, tag & 7
            if not 0 < number < _NUMBERS:
                raise Malformed(f"a field with the number {number}")
            value = size = 0
            if wire == VARINT:
                value, after = self._varint(at, end)
            elif wire == BYTES:
                size, at = self._varint(at, end)
                after = at + size
            elif wire in _FIXED:
                size = _FIXED[wire]
                after = at + size
            else:
                raise Malformed(f"a field of wire type {wire}")  # groups, which no model format uses
            if after > end:
                raise Malformed(f"a field at byte {at} reaches beyond the end of its message")
            yield Field(number, wire, value, at, size)
            at = after

    def text(self, field: Field, most: int) -> str:
        """A string field. Bytes that are no UTF-8 stay visible as escapes."""
        if field.size > most:
            raise Refused(f"a text of {field.size:,} bytes", reason=GapReason.LIMIT)
        at = field.start - self._base
        if at >= 0 and at + field.size <= len(self._data):
            raw = self._data[at : at + field.size]
        else:
            raw = self._reader.read_at(field.start, field.size)
        return raw.decode("utf-8", "backslashreplace")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end:
            index = at - self._base
            if not 0 <= index < len(self._data):
                self._data = self._reader.upto(at, limits.RANGE_BLOCK)
                self._base, index = at, 0
            byte = self._data[index]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
            if shift >= 70:
                break
        raise Malformed(f"a number at byte {at} does not end")


@record(slots=True)
class Walk:
    """A walk over a message and those in it, by `schema`; `seen` is told of each message when it ends.

    `seen` gets the message's name, what the schema names in it (each a list), and the way to it.
    """

    wire: Wire
    schema: Schema
    seen: Seen
    kept: int = field(default=0)

    def message(self, name: str, start: int, end: int, *, where: str = "", depth: int = 0) -> Values:
        """Raises `Malformed` on bytes that are no message, or a field of another kind than the schema says."""
        if depth > limits.PROTO_DEPTH:
            raise Refused(f"messages more than {limits.PROTO_DEPTH} deep", reason=GapReason.LIMIT)
        table = self.schema[name]
        values: Values = {}
        for found in self.wire.fields(start, end):
            wanted = table.get(found.number)
            if wanted is None:
                continue
            held = values.setdefault(wanted.name, [])
            if held and not wanted.many:
                raise Malformed(f"the field {wanted.name} stands twice in one {name}")
            self._take(wanted, found, held, name, where, depth)
        self.seen(name, values, where)
        return values

    def _take(
        self, wanted: Text | Number | Inner, found: Field, held: list[Any], name: str, where: str, depth: int
    ) -> None:
        if isinstance(wanted, Number):
            if found.wire == VARINT:
                held.append(found.value)
            elif found.wire != BYTES or not wanted.many:  # packed numbers are not needed by any format here
                raise Malformed(f"the field {wanted.name} of a {name} is no number")
            return
        if found.wire != BYTES:
            raise Malformed(f"the field {wanted.name} of a {name} is of wire type {found.wire}")
        if isinstance(wanted, Text):
            self._keep()
            held.append(self.wire.text(found, wanted.most))
            return
        inner = Walk(self.wire, self.schema, _nothing, self.kept) if wanted.kept else self
        way = f"{where}/{wanted.name}" if where else wanted.name
        values = inner.message(
            wanted.message, found.start, found.start + found.size, where=way[-limits.NAME :], depth=depth + 1
        )
        if wanted.kept:
            self.kept = inner.kept
            self._keep()
            held.append(values)

    def _keep(self) -> None:
        self.kept += 1
        if self.kept > limits.PROTO_KEPT:
            raise Refused(f"more than {limits.PROTO_KEPT:,} values", reason=GapReason.LIMIT)


def _nothing(name: str, values: Values, where: str) -> None:
    """Messages within a kept one are told by the one around them."""


def outline(reader: Reader, most: int) -> tuple[Field, ...] | None:
    """The first fields of a file, at most `most`; None when it is no message, as far as that was looked at."""
    found: list[Field] = []
    try:
        for one in Wire(reader).fields(0, reader.size):
            found.append(one)
            if len(found) == most:
                break
    except Malformed:
        return None
    return tuple(found)
