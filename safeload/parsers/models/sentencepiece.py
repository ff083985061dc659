"""A SentencePiece model: a vocabulary, and the tables by which its library rewrites text.

https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from __future__ import annotations

import sys
from array import array

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.models.protobuf import BYTES, Wire
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.signs.messages import PIECES

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_EXTENSIONS: Final = 200  # and above: https://protobuf.dev/programming-guides/proto2/#extensions
_TABLES: Final = (3, 5)
_RULES: Final = 2
_UNIT: Final = 4  # bytes of one unit of a trie
_BLOCK: Final = 256


def read(reader: Reader, visit: Visit) -> Parts:
    """One part. Raises `Malformed`."""
    wire = Wire(reader)
    for one in wire.fields(0, reader.size):
        if one.wire != BYTES or not (one.number in PIECES or one.number >= _EXTENSIONS):
            raise Malformed(f"a field with the number {one.number}")
        if one.number == 1 and one.size > limits.PIECE:
            # https://github.com/google/sentencepiece/issues/1263
            raise Refused(f"a piece of {one.size:,} bytes", reason=GapReason.LIMIT)
        if one.number in _TABLES:
            for inner in wire.fields(one.start, one.start + one.size):
                if inner.number == _RULES and inner.size:
                    _check(reader, inner.start, inner.size)
    return (Part(member=visit.member, format="sentencepiece"),)


def _check(reader: Reader, start: int, size: int) -> None:
    """Rules of rewriting: the length of a trie, the trie, texts that end in NUL.

    The library before 0.2.2 believed them, and read outside of them: https://github.com/google/sentencepiece/issues/1269
    """
    length = int.from_bytes(reader.upto(start, min(size, 4)), "little")
    if size <= 4 or not 0 < length <= size - 4 or length % _UNIT:
        raise Malformed("a table of rules that is longer than its bytes")
    rest = size - 4 - length
    if rest and reader.read_at(start + size - 1, 1) != b"\0":
        raise Malformed("a table of rules whose last text does not end")
    if length > limits.SMALL_FILE:
        raise Refused(f"a table of rules of {length:,} bytes", reason=GapReason.LIMIT)
    units = array("I", reader.read_at(start + 4, length))
    if sys.byteorder == "big":
        units.byteswap()
    if not _stays_inside(units, rest):
        raise Malformed("a table of rules that leads out of itself")


def _stays_inside(units: array[int], texts: int) -> bool:
    """A double array: a unit is a text's place, or says in which block of 256 units the next letters are.

    https://github.com/s-yata/darts-clone/blob/master/include/darts.h
    """
    if len(units) % _BLOCK:
        return False
    return all(
        unit & 0x7FFFFFFF < max(texts, 1) if unit >> 31 else at ^ ((unit >> 10) << ((unit & 0x200) >> 6)) < len(units)
        for at, unit in enumerate(units)
    )
