"""The index of TensorFlow's variables: which tensor lies where in the files of raw numbers beside it.

A table as LevelDB has them, https://github.com/google/leveldb/blob/main/doc/table_format.md, of messages,
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, Iterator
from safeload.parsers.covered import covers, extent
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.models.protobuf import BYTES, Wire
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.reader import Reader
from safeload.parsers.signs.heads import BUNDLE_FOOTER

if TYPE_CHECKING:
    from safeload.parsers.visit import Parts, Visit

_TRAILER: Final = 5  # kind of compression, checksum
_SHARDS: Final = 99_999  # as many as names have digits for


def read(reader: Reader, visit: Visit) -> Parts:
    """One part, which says of each file of numbers how long it is, if every byte of it belongs to one tensor."""
    if reader.size > limits.SMALL_FILE:
        raise Refused(f"an index of {reader.size:,} bytes", reason=GapReason.LIMIT)
    entries = dict(_entries(reader.read_at(0, reader.size)))
    shards = _numbers(entries.pop(b"", b"")).get(1, 1)
    if not 0 < shards <= _SHARDS:
        raise Malformed(f"numbers in {shards:,} files")
    places: dict[int, list[tuple[int, int]]] = {}
    for value in entries.values():
        said = _numbers(value)
        places.setdefault(said.get(3, 0), []).append((said.get(4, 0), said.get(5, 0)))
    found = []
    for shard, spans in sorted(places.items()):
        length = extent(spans)
        if shard < shards and length is not None:
            found.append(covers(f"*.data-{shard:05d}-of-{shards:05d}", length))
    return (Part(member=visit.member, format="tf-bundle", mentions=tuple(found)),)


def _numbers(message: bytes) -> dict[int, int]:
    """The numbers of one message; a field that stands twice is refused, since readers differ in what they take."""
    found: dict[int, int] = {}
    for one in Wire(Reader.of_bytes(message)).fields(0, len(message)):
        if one.wire == BYTES:
            continue
        if one.number in found:
            raise Malformed("a number that is said twice")
        found[one.number] = one.value
    return found


def _entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the whole table. Blocks follow each other, and nothing is between or behind them."""
    footer = data[-BUNDLE_FOOTER:]
    meta, at = _handle(footer, 0)
    index, _ = _handle(footer, at)
    end, last = 0, b""
    for key, value in _block(data, *index):
        place, _ = _handle(value, 0)
        if place[0] != end:
            raise Malformed("blocks that do not follow each other")
        end = sum(place) + _TRAILER
        for name, held in _block(data, *place):
            if last and name <= last:
                raise Malformed("keys that are not in order")
            yield name, held
            last = name
        if key < last:
            raise Malformed("a block with keys behind its last")
    if meta[0] != end or index[0] != sum(meta) + _TRAILER or sum(index) + _TRAILER != len(data) - BUNDLE_FOOTER:
        raise Malformed("blocks that do not fill the file")


def _block(data: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Each key leaves out what it shares with the one before."""
    if start + size + _TRAILER > len(data) or size < 4:
        raise Malformed("a block beyond the end")
    if data[start + size]:
        raise Refused("a compressed block, which no writer of these makes", reason=GapReason.UNKNOWN_FORMAT)
    block = data[start : start + size]
    end = size - 4 - 4 * int.from_bytes(block[-4:], "little")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + own + length > end:
            raise Malformed("an entry that does not fit")
        key = key[:shared] + block[at : at + own]
        at += own + length
        yield key, block[at - length : at]
    if at != end:
        raise Malformed("a block that ends within an entry")


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    start, at = _varint(data, at)
    size, at = _varint(data, at)
    return (start, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise Malformed("a number that does not end")
