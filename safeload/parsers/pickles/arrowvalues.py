"""Whether the numbers of one of pyarrow's arrays lie within its buffers, all values within values included.

https://arrow.apache.org/docs/format/Columnar.html
"""

from __future__ import annotations

from array import array

from safeload.lean import Any, Callable, Final
from safeload.parsers.pickles.arrowtypes import Layout, layout_of
from safeload.parsers.pickles.contents import Unread

Buffer = bytes | bytearray
Buffers = Callable[[Any], "list[Buffer | None] | None"]

_LONGEST: Final = 1 << 48  # elements, places included
_CODES: Final = {4: "i", 8: "q"}
_WITHIN: Final = bytes(range(0x80, 0xC0))  # bytes that continue a character of UTF-8


def fits(data: Any, buffers_of: Buffers) -> bool:
    """Of an array as `_restore_array` takes it. Raises `Unread` for a type that is not looked at."""
    layout = layout_of(data[0]) if type(data) is tuple and len(data) == 7 else None
    if layout is None and type(data) is tuple and len(data) == 7:
        raise Unread
    return layout is not None and _fits(data, layout, buffers_of)


def _fits(data: Any, layout: Layout, buffers_of: Buffers, *, whole: int = 0) -> bool:
    """`whole`: none of its values may be null; 2 where those of its first child may not be either."""
    if type(data) is not tuple or len(data) != 7 or layout_of(data[0]) != layout:
        return False
    _, length, nulls, offset, buffers, children, dictionary = data
    if not all(type(number) is int for number in data[1:4]) or length < 0 or offset < 0 or length + offset >= _LONGEST:
        return False
    raw = buffers_of(buffers)
    if raw is None or len(raw) != layout.buffers or (layout.values is None) != (dictionary is None):
        return False
    if layout.children is None and children != []:
        return False
    if layout.said == ("null",):
        return bool(nulls == length and raw == [None])
    if not _nulls(raw[0], length, offset=offset, said=0 if whole and nulls == -1 else nulls) or (whole and nulls > 0):
        return False
    if layout.children is not None:
        inner = 2 if layout.said[0] == "map" else max(whole - 1, 0)  # a map's entries, and their keys
        return _children(raw, offset + length, layout, children, buffers_of, first=inner)
    if layout.offsets:
        return _text(raw[1] or b"", raw[2] or b"", offset + length, layout)
    if 8 * len(raw[1] or b"") < layout.bits * (offset + length):
        return False
    return dictionary is None or _indices(raw[1] or b"", data, layout, buffers_of)


def _children(
    raw: list[Buffer | None], last: int, layout: Layout, children: Any, buffers_of: Buffers, *, first: int
) -> bool:
    """Has every child the type that was said, and as many values as are taken from it?"""
    if type(children) is not list or layout.children is None or len(children) != len(layout.children):
        return False
    for place, (child, its) in enumerate(zip(children, layout.children, strict=True)):
        if not _fits(child, its, buffers_of, whole=0 if place else first):
            return False
    if not layout.offsets:
        return all(child[1] >= last * (layout.each or 1) for child in children)
    places = _places(raw[1] or b"", last, layout)
    return places is not None and (not places or (places[0] >= 0 and places[-1] <= children[0][1]))


def _nulls(bitmap: Buffer | None, length: int, *, offset: int, said: int) -> bool:
    """Is the number of nulls the true one? -1 is written by those who have not counted. Results are sized by it."""
    if bitmap is None:
        return said in (0, -1)
    if 8 * len(bitmap) < length + offset:
        return False
    if said == -1:
        return True
    valid = int.from_bytes(bitmap[: (length + offset + 7) // 8], "little") & ((1 << (length + offset)) - 1)
    return said == length - bin(valid >> offset).count("1")


def _places(offsets: Buffer, last: int, layout: Layout) -> list[int] | None:
    """Where values begin and end, if none ends before it begins. An array without any may have no place."""
    if not offsets and not last:
        return []
    if len(offsets) < layout.offsets * (last + 1):
        return None
    places = array(_CODES[layout.offsets], bytes(offsets[: layout.offsets * (last + 1)])).tolist()
    return places if places == sorted(places) else None


def _text(offsets: Buffer, data: Buffer, last: int, layout: Layout) -> bool:
    """Does every value begin where the one before ends, within the data, and in UTF-8 with a whole character?"""
    places = _places(offsets, last, layout)
    if not places:
        return places is not None
    if places[0] < 0 or places[-1] > len(data):
        return False
    held = bytes(data[places[0] : places[-1]])
    if not layout.text or held.isascii():
        return True
    try:
        held.decode("utf-8")
    except UnicodeDecodeError:
        return False
    starts = bytes([held[place - places[0]] for place in places if place < places[-1]])
    return len(starts.translate(None, _WITHIN)) == len(starts)


def _indices(raw: Buffer, data: Any, layout: Layout, buffers_of: Buffers) -> bool:
    """Does every number name one of the values of the dictionary, the one below a null included?"""
    _, length, _, offset, _, _, dictionary = data
    if layout.values is None or not _fits(dictionary, layout.values, buffers_of):
        return False
    width = layout.bits // 8
    numbers = array(layout.code, bytes(raw[width * offset : width * (offset + length)]))
    return not numbers or (min(numbers) >= 0 and max(numbers) < dictionary[1])
