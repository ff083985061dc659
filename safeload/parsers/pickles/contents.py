"""The contents of small integer arrays, for what compiled code would otherwise believe unseen."""

from __future__ import annotations

import sys
from array import array

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, record

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_CODES: Final = {"i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f8": "d"}
PART: Final = 1 << 18  # bytes of records that are looked at together
_NATIVE: Final = frozenset({"|", "=", "<" if sys.byteorder == "little" else ">"})


class Unread(Exception):
    """The bytes of an array are not looked at: too many, or on the other side of a network."""


class Far(Unread):
    """They are on the other side of a network."""


FAR: Final = object()  # in place of such bytes


@record(frozen=True, slots=True, kw_only=True)
class Later:
    """Bytes that were not kept, and are read again where they lie. Its slices are read; it has no other use."""

    reader: Reader
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, part: slice) -> bytes:
        start, end, _ = part.indices(self.size)
        return self.reader.read_at(self.start + start, end - start)


@record(frozen=True, slots=True, kw_only=True)
class Held:
    """An array as the stream gave it. `raw` is None where its bytes are not known."""

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
    found = columns(value, (name,))
    if found is None:
        return None
    every: array[int] = array("q")
    for (part,) in found:
        every += part
    return every


def columns(value: Any, names: tuple[str, ...], *, typecode: str = "q") -> Iterator[tuple[array[int], ...]] | None:
    """The same of several fields, for as many records at a time as there is room for close at hand.

    With the type code of a narrower number a field has several columns, as its bytes lie in memory.
    """
    known = held(value)
    fields = None if known is None else known.dtype.fields()
    if known is None or fields is None or len(known.shape) != 1 or not fields.keys() >= set(names):
        return None
    data, size = content(known.raw), known.dtype.settle().size
    if data is None or len(data) != size * known.shape[0]:
        return None
    if any(code(fields[name][1]) != "q" or fields[name][0] % 8 for name in names):
        return None
    wide = array(typecode).itemsize
    places = [offset // wide + part for offset in (fields[name][0] for name in names) for part in range(8 // wide)]
    return (
        tuple([every[place :: size // wide] for place in places])
        for every in _parts(data, typecode, max(1, PART // size) * size)
    )


def _parts(data: bytes | bytearray | Later, typecode: str, step: int) -> Iterator[array[int]]:
    for start in range(0, len(data), step):
        every: array[int] = array(typecode)
        every.frombytes(data[start : start + step])
        yield every


def code(dtype: Any) -> str | None:
    """The type code of `array` for a dtype of plain numbers."""
    spec, order = dtype.plain()
    return _CODES.get(spec) if order in _NATIVE else None


def content(raw: Any) -> bytes | bytearray | Later | None:
    """The bytes of an array; None for what is none. Raises `Unread`."""
    if raw is FAR:
        raise Far
    if raw is None:
        raise Unread
    inner = getattr(raw, "content", raw)
    data = inner.encode("latin-1") if type(inner) is str else inner
    return data if isinstance(data, (bytes, bytearray, Later)) else None


def _numbers(raw: Any, typecode: str | None) -> array[int] | None:
    data = None if typecode is None or typecode == "d" else content(raw)
    numbers: array[int] = array(typecode or "b")
    if data is None or len(data) % numbers.itemsize:
        return None
    if len(data) > limits.ARRAYS_HELD:
        raise Unread
    numbers.frombytes(data[:])
    return numbers
