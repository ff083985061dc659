"""CatBoost's own files: a header, one FlatBuffer that CatBoost verifies itself, and parts behind it.

What is checked here is that the buffer is one, and that it is all. Features of text and embeddings bring parts of
their own behind it, which are not read.
"""

from __future__ import annotations

from typing import Final

from safeload.errors import Malformed
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.reader import Reader
from safeload.parsers.structs import Cursor
from safeload.parsers.visit import Parts, Visit

MAGIC: Final = b"CBM1"
_VERSIONS: Final = (b"FlabuffersModel_v1",)
_HEADER: Final = 8


def looks_right(head: bytes, reader: Reader) -> bool:
    return head.startswith(MAGIC)


def read(reader: Reader, visit: Visit) -> Parts:
    cursor = Cursor(reader, at=4)
    size = cursor.number("I")
    if size > reader.size - _HEADER or size < _HEADER:
        raise Malformed(f"a model of {size:,} bytes in a file of {reader.size:,}")
    root = cursor.number("I")
    if not 4 <= root <= size - 4:
        raise Malformed("its FlatBuffer has no root")
    _table(Cursor(reader, at=_HEADER + root), root, size)
    if not any(version in reader.upto(_HEADER, 512) for version in _VERSIONS):
        raise Malformed("its version is not known")
    rest = reader.size - _HEADER - size
    gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail=f"{rest:,} bytes of parts behind the trees are not read")
    return (Part(member=visit.member, format="catboost", gap=gap if rest else None),)


def _table(cursor: Cursor, root: int, size: int) -> None:
    """The root points back to a table of offsets that lies within the buffer."""
    table = root - cursor.number("i")
    if not 0 <= table <= size - 4:
        raise Malformed("its FlatBuffer points outside of itself")
