"""CatBoost's own files: a header, one FlatBuffer, and tables of categories behind it, each a FlatBuffer too.

CatBoost verifies the buffers itself. What is checked here is that they are some, and that they are all: features of
text and embeddings bring parts of another kind, which are not read.
"""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.structs import Cursor

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_VERSIONS: Final = (b"FlabuffersModel_v1",)
_HEADER: Final = 8


def read(reader: Reader, visit: Visit) -> Parts:
    cursor = Cursor(reader, at=4, most=reader.size)
    _buffer(cursor)
    if not any(version in reader.upto(_HEADER, 512) for version in _VERSIONS):
        raise Malformed("its version is not known")
    gap = None
    if cursor.left and not _tables(reader, cursor.at):
        detail = f"{cursor.left:,} bytes behind the trees are no tables of categories"
        gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail=detail)
    return (Part(member=visit.member, format="catboost", gap=gap),)


def _buffer(cursor: Cursor) -> None:
    """Over one FlatBuffer with its length: the root points back to a table of offsets within it."""
    size: int = cursor.number("I")
    if not 8 <= size <= cursor.left:
        raise Malformed(f"a buffer of {size:,} bytes where {cursor.left:,} are left")
    end = cursor.at + size
    root: int = cursor.number("I")
    if not 4 <= root <= size - 4:
        raise Malformed("a FlatBuffer without a root")
    cursor.skip(root - 4)
    table = root - cursor.number("i")
    if not 0 <= table <= size - 4:
        raise Malformed("a FlatBuffer that points outside of itself")
    cursor.skip(end - cursor.at)


def _tables(reader: Reader, at: int) -> bool:
    """A number, and as many buffers, to the end."""
    cursor = Cursor(reader, at=at, most=reader.size)
    try:
        for _ in range(cursor.number("I")):
            _buffer(cursor)
    except Malformed:
        return False
    return cursor.left == 0
