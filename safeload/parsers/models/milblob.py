"""Weights of Core ML programs (`weight.bin`): a header, and before each array where it is and how long.

https://github.com/apple/coremltools/blob/main/mlmodel/src/MILBlob/Blob/StorageFormat.hpp
"""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part, TensorFacts
from safeload.parsers.signs.heads import MIL_BLOCK, MIL_SENTINEL
from safeload.parsers.structs import Cursor

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_TYPES: Final = 64  # numbers of data types; there are some twenty
_BITS: Final = 8  # of padding within the last byte of an array


def read(reader: Reader, visit: Visit) -> Parts:
    """Every array follows the one before, to the end: no byte belongs to nothing. Raises `Malformed`."""
    count = Cursor(reader, most=MIL_BLOCK).number("I")
    end = MIL_BLOCK
    # Over a network each array is a request: the local scan that every grant needs looks at all of them.
    for _ in range(count if reader.local else 1):
        end = _array(reader, -(-end // MIL_BLOCK) * MIL_BLOCK, end)
    if reader.local and end != reader.size and (_padding(reader, end, reader.size) or reader.size - end >= MIL_BLOCK):
        raise Malformed(f"{reader.size - end:,} bytes behind the arrays belong to none")
    return (Part(member=visit.member, format="coreml-weights", tensors=TensorFacts(tensors=count)),)


def _array(reader: Reader, at: int, before: int) -> int:
    """Over one array that is described at `at`; gives where it ends."""
    cursor = Cursor(reader, at=at, most=MIL_BLOCK)
    sentinel, kind = cursor.number("I"), cursor.number("I")
    size, offset, padding = cursor.number("Q"), cursor.number("Q"), cursor.number("Q")
    if sentinel != MIL_SENTINEL or kind >= _TYPES or padding >= _BITS or cursor.bytes(MIL_BLOCK - 32).strip(b"\0"):
        raise Malformed(f"what stands at {at} describes no array")
    if offset != at + MIL_BLOCK or offset + size > reader.size:
        raise Malformed(f"the array that is described at {at} lies elsewhere")
    if _padding(reader, before, at):
        raise Malformed(f"bytes before {at} belong to no array")
    return int(offset + size)


def _padding(reader: Reader, start: int, end: int) -> bool:
    """Is there anything between?"""
    return bool(reader.upto(start, min(end - start, MIL_BLOCK)).strip(b"\0"))
