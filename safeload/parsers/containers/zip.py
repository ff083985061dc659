"""A ZIP by its central directory, as torch's own reader (miniz) reads it; every disagreement is an anomaly.

miniz takes place, sizes and method from the directory, of the local header only its length; it ignores CRCs, the case
of names, and the local name. Python's `zipfile` differs in all of these, so a file can hold one thing for a scanner
that uses it, another for torch. https://github.com/richgel999/miniz
"""

from __future__ import annotations

import struct

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Callable, Final, Iterator, field, record
from safeload.parsers.containers import inflate
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02"
_END: Final = b"PK\x05\x06"
_END64: Final = b"PK\x06\x06"
_LOCATOR64: Final = b"PK\x06\x07"
_TAIL: Final = 65_535 + 22
_WIDE: Final = 0xFFFFFFFF
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the central directory."""

    name: str
    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    header: int

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED)


@record(slots=True, kw_only=True)
class Directory:
    """All entries in order. `anomalies` grows while members are read."""

    entries: tuple[Entry, ...]
    start: int
    anomalies: list[str] = field(default_factory=list)

    def odd(self, code: str, detail: str = "") -> None:
        note = f"{code}: {detail}" if detail else code
        if len(self.anomalies) < 200 and note not in self.anomalies:
            self.anomalies.append(note)


def end_of(reader: Reader) -> int:
    """Where the end record stands that a ZIP reader finds, whatever the file starts with; -1 if there is none."""
    base = max(0, reader.size - _TAIL)
    at = reader.upto(base, _TAIL).rfind(_END)
    return at if at < 0 else base + at


def directory(reader: Reader) -> Directory:
    """The central directory, in two reads. Raises `Malformed`."""
    base = max(0, reader.size - _TAIL)
    tail = reader.upto(base, _TAIL)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise Malformed("no end record")
    count, size, start = struct.unpack_from("<HII", tail, at + 10)
    disks = struct.unpack_from("<HH", tail, at + 4)
    wide = _wide(reader, base + at, tail, at)
    if wide is not None:
        count, size, start = wide
    if disks not in ((0, 0), (0xFFFF, 0xFFFF)):
        raise Malformed("an archive in several volumes")
    if count > limits.MEMBERS or size > limits.MEMBERS * 1024:
        raise Refused(f"a directory of {count:,} entries in {size:,} bytes", reason=GapReason.LIMIT)
    end = base + at
    gap = end - start - size - (76 if wide is not None else 0)
    # Python's zipfile counts all offsets from where the archive seems to start; miniz takes them as they are.
    shift = gap if gap > 0 and reader.upto(start, 4) != _CENTRAL else 0
    entries = _entries(reader.read_at(start + shift, size), count, shift)
    found = Directory(entries=entries, start=start + shift)
    _around(found, tail, at, end=end, gap=gap)
    return found


def _wide(reader: Reader, end: int, tail: bytes, at: int) -> tuple[int, int, int] | None:
    """Count, size and start from a ZIP64 end record, which miniz believes whenever its locator is there."""
    if at < 20 or tail[at - 20 : at - 16] != _LOCATOR64:
        return None
    where = int.from_bytes(tail[at - 12 : at - 4], "little")
    record = reader.read_at(where, 56)
    if record[:4] != _END64:
        raise Malformed("a ZIP64 locator that leads nowhere")
    count, size, start = struct.unpack_from("<QQQ", record, 32)
    return count, size, start


def _around(found: Directory, tail: bytes, at: int, *, end: int, gap: int) -> None:
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    base = end - at
    ends = [base + where for where in _places(tail) if where != at]
    # An archive that is stored in this one, near its end, has an end record of its own.
    first = min((one.header for one in found.entries), default=found.start)
    if any(not first < place < found.start for place in ends):
        found.odd("several-end-records")
    if at + 22 + comment != len(tail):
        found.odd("data-behind-the-end")
    if gap:
        found.odd("directory-displaced", f"{gap} bytes")
    if found.entries and min(entry.header for entry in found.entries) > 0:
        found.odd("prefix-data", f"{min(entry.header for entry in found.entries)} bytes")


def _places(tail: bytes) -> Iterator[int]:
    at = tail.find(_END)
    while at >= 0:
        yield at
        at = tail.find(_END, at + 1)


def _entries(data: bytes, count: int, shift: int) -> tuple[Entry, ...]:
    entries = []
    at = 0
    for _ in range(count):
        if data[at : at + 4] != _CENTRAL or len(data) - at < 46:
            raise Malformed("the directory holds fewer entries than it says")
        flags, method, crc, packed, size, names, extras, comments = struct.unpack_from("<HH4xIIIHHH", data, at + 8)
        header = int.from_bytes(data[at + 42 : at + 46], "little")
        end = at + 46 + names + extras + comments
        if end > len(data):
            raise Malformed("a directory entry reaches beyond the directory")
        raw = data[at + 46 : at + 46 + names]
        extra = data[at + 46 + names : at + 46 + names + extras]
        size, packed, header = _widened(extra, size, packed, header)
        entries.append(
            Entry(
                name=raw.decode("utf-8", "backslashreplace"),
                raw=raw,
                flags=flags,
                method=method,
                crc=crc,
                packed=packed,
                size=size,
                header=header + shift,
            )
        )
        at = end
    if at != len(data):
        raise Malformed("the directory holds more than its entries")
    return tuple(entries)


def _widened(extra: bytes, size: int, packed: int, header: int) -> tuple[int, int, int]:
    """ZIP64: 64-bit values stand in the extra field for those that are all ones."""
    values = [size, packed, header]
    if _WIDE not in values:
        return size, packed, header
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + length]
        if kind == 1:
            for i, value in enumerate(values):
                if value == _WIDE:
                    if len(body) < 8:
                        raise Malformed("a ZIP64 field that is too short")
                    values[i] = int.from_bytes(body[:8], "little")
                    body = body[8:]
            return values[0], values[1], values[2]
        at += 4 + length
    return size, packed, header


def locate(reader: Reader, found: Directory, entry: Entry) -> int:
    """Where an entry's data starts; what its local header says otherwise becomes an anomaly. Raises `Malformed`."""
    head = reader.read_at(entry.header, 30)
    if head[:4] != LOCAL:
        raise Malformed("no local header where the directory says")
    flags, method = struct.unpack_from("<HH", head, 6)
    crc, packed, size, names, extras = struct.unpack_from("<IIIHH", head, 14)
    name = reader.read_at(entry.header + 30, names)
    shown = ascii(entry.name)[1:-1]
    if name != entry.raw:
        found.odd("local-name-differs", shown)
    if flags & _ENCRYPTED and not entry.encrypted:
        found.odd("encrypted-locally", shown)
    if method != entry.method:
        found.odd("local-method-differs", shown)
    streamed = bool(flags & 0x8)
    for here, there in ((crc, entry.crc), (packed, entry.packed), (size, entry.size)):
        if here not in (there, _WIDE) and not (streamed and here == 0):
            found.odd("local-sizes-differ", shown)
    start: int = entry.header + 30 + names + extras
    if start + entry.packed > reader.size:
        raise Malformed("its data reaches beyond the end")
    if start + entry.packed > found.start > entry.header:
        found.odd("overlapping-members", f"{shown} and the directory")
    return start


def content(reader: Reader, found: Directory, entry: Entry, spend: Callable[[int], None]) -> Reader:
    """An entry's bytes, unpacked; `spend` is told how many. Raises `Malformed`."""
    start = locate(reader, found, entry)
    packed = reader.window(start, entry.packed)
    if entry.method == 0:
        if entry.packed != entry.size:
            raise Malformed("a stored member with two sizes")
        return packed
    return inflate.member(packed, entry.method, spend, size=entry.size)
