"""Parquet and Arrow files, and the one thing in them that runs: a type of which Arrow keeps a pickle in the schema.

CVE-2023-47248: https://arrow.apache.org/docs/python/extending_types.html
"""

from __future__ import annotations

import binascii

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Mention, Part

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

PICKLED: Final = "arrow-pickled-type"
_NAME: Final = b"arrow.py_extension_type"
_MARK: Final = b"ARROW1\0\0"
_STREAM: Final = b"\xff\xff\xff\xff"
_TAIL: Final = 8


def _encoded() -> tuple[bytes, ...]:
    """The letters that the name gives in base64, wherever it starts."""
    whole = [binascii.b2a_base64(bytes(before) + _NAME, newline=False)[-(-before * 8 // 6) :] for before in range(3)]
    return tuple(text.rstrip(b"=")[:-1] for text in whole)


_NAMES: Final = (_NAME, *_encoded())


def kinds(head: bytes, reader: Reader) -> list[str]:
    if head.startswith(b"PAR1"):
        return ["parquet"]
    stream = head.startswith(_STREAM) and _schema(head)
    return ["arrow"] if stream or head.startswith(_MARK) else []


def _schema(head: bytes) -> bool:
    """A message of some length, which is a FlatBuffer."""
    size, root = int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")
    return size % 8 == 0 and 16 <= size <= limits.SMALL_FILE and 4 <= root < min(size, 256)


def read(reader: Reader, visit: Visit) -> Parts:
    """The schema of Parquet stands behind its columns, in base64; those of Arrow anywhere. Raises `Malformed`."""
    start = 0
    if visit.kind == "parquet":
        tail = reader.upto(reader.size - _TAIL, _TAIL)
        start = reader.size - _TAIL - int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or start < 4:
            raise Malformed("its end does not say where its schema is")
    end = reader.size if reader.local or start else min(reader.size, limits.RANGE_BLOCK)
    longest = max(map(len, _NAMES))
    found = any(name in piece for _, piece in reader.pieces(start, end, before=longest) for name in _NAMES)
    said = (Mention(kind=PICKLED, text=_NAME.decode()),) if found else ()
    return (Part(member=visit.member, format=visit.kind, mentions=said),)
