"""The contents of small integer arrays, for what compiled code would otherwise believe unseen."""

from __future__ import annotations

import sys
from array import array

from safeload.lean import Any, Final, record

_CODES: Final = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f8": "d"}
_NATIVE: Final = frozenset({"|", "=", "<" if sys.byteorder == "little" else ">"})


class Unread(Exception):
    """The bytes of an array were not kept: too many, or on the other side of a network."""


class Far(Unread):
    """They are on the other side of a network."""


FAR: Final = object()  # in place of such bytes


@record(frozen=True, slots=True, kw_only=True)
class Held:
    """An array as the stream gave it. `raw` is None where its bytes were not kept."""

    shape: tuple[int, ...]
    dtype: Any
    raw: Any = None


def held(value: Any) -> Held | None:
    """What a stand-in for a plain array holds; None for anything else, and for one that is not filled yet."""
    found = getattr(value, "held", None)
    return found if isinstance(found, Held) else None


def shape(value: Any) -> tuple[int, ...] | None:
    known = held(value)
    return None if known is None else known.shape


def integers(value: Any) -> array[int] | None:
    """All numbers of an array of one dimension, if they are integers in this machine's order."""
    known = held(value)
    if known is None or len(known.shape) != 1:
        return None
    return _numbers(known.raw, code(known.dtype))


def column(value: Any, name: str) -> array[int] | None:
    """The numbers of one field of an array of records, if those are of eight bytes and lie in steps of as many."""
    known = held(value)
    fields = None if known is None else known.dtype.fields()
    if known is None or fields is None or len(known.shape) != 1 or name not in fields:
        return None
    width = known.dtype.settle().size // 8
    every = _numbers(known.raw, "q")
    offset, dtype = fields[name]
    if every is None or code(dtype) != "q" or offset % 8 or len(every) != width * known.shape[0]:
        return None
    return every[offset // 8 :: width]


def code(dtype: Any) -> str | None:
    """The type code of `array` for a dtype of plain numbers."""
    spec, order = dtype.plain()
    return _CODES.get(spec) if order in _NATIVE else None


def _numbers(raw: Any, typecode: str | None) -> array[int] | None:
    content = getattr(raw, "content", raw)
    data = content.encode("latin-1") if type(content) is str else content
    if typecode is None or typecode == "d":
        return None
    if raw is FAR:
        raise Far
    if raw is None:
        raise Unread
    if not isinstance(data, (bytes, bytearray)):
        return None
    numbers: array[int] = array(typecode)
    if len(data) % numbers.itemsize:
        return None
    numbers.frombytes(data)
    return numbers
