"""Stand-ins for pyarrow's arrays, which pandas writes for strings: numbers in the file say where values lie.

`_restore_array` believes all of them: an offset beyond the buffer is read, whatever lies there, and a crash is the
milder outcome. pyarrow checks with `validate(full=True)` only, which unpickling does not call.
https://arrow.apache.org/docs/format/Columnar.html; https://arrow.apache.org/docs/format/Security.html
"""

from __future__ import annotations

from array import array
from functools import partial

from safeload.lean import Any, Final
from safeload.parsers.pickles.arrays import Bytes
from safeload.parsers.pickles.arrowtypes import Layout, Type, layout_of
from safeload.parsers.pickles.contents import Unread
from safeload.parsers.pickles.rawbytes import Outside, Raw
from safeload.parsers.pickles.standins import Inert, Named

_KEYS: Final = frozenset({"_pa_array", "_data", "_dtype", "_cache", "_readonly"})
_LONGEST: Final = 1 << 48  # elements, places included
_CODES: Final = {4: "i", 8: "q"}
_WITHIN: Final = bytes(range(0x80, 0xC0))  # bytes that continue a character of UTF-8


class _NamedBuffer(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        given = args[0] if len(args) == 1 else None
        made.content = given.content if isinstance(given, Bytes) else given.obj if type(given) is memoryview else given
        return isinstance(made.content, (bytes, bytearray, Raw))


class Buffer(Inert, metaclass=_NamedBuffer):
    """A buffer over bytes of the file."""

    __slots__ = ("content",)

    content: Any

    def data(self) -> bytes | bytearray:
        """As it is by now. Raises `Unread` for what is not in the file."""
        held = self.content
        if isinstance(held, Raw):
            held = b"" if held.size == 0 else held.content
            held = held.encode("latin-1") if type(held) is str else held
        if type(held) is Outside or not isinstance(held, (bytes, bytearray)):
            raise Unread
        return held


class _NamedRestored(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.length = _length(args)
        # Now and at the end: a bytearray can be changed, and what is made of the array may be used before.
        answer = partial(_answer, args)
        cls.page.check(answer)
        return answer() is not False


class Restored(Inert, metaclass=_NamedRestored):
    """An array of pyarrow."""

    __slots__ = ("length",)

    length: int | None


class _NamedColumn(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.length, made.stated = None, False
        return made


class Column(Inert, metaclass=_NamedColumn):
    """An array of pandas over one of pyarrow, which only a state gives it, once."""

    __slots__ = ("length", "stated")

    length: int | None
    stated: bool

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        fits = not self.stated and page.first(state) and type(state) is dict and _KEYS.issuperset(state)
        self.stated = True
        # Anything but an array would be asked for methods, which the state of an instance can hold.
        inner = [state[key] for key in ("_pa_array", "_data") if key in state] if fits else []
        cache = state.get("_cache") if fits else None
        fits = fits and len(inner) == 1 and isinstance(inner[0], Restored) and (cache is None or cache == {})
        if fits:
            self.length = inner[0].length
            page.keep({} if cache is None else cache)
        page.state(state, odd=not fits)

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)


def _length(args: tuple[Any, ...]) -> int | None:
    data = args[0] if len(args) == 1 else None
    return data[1] if type(data) is tuple and len(data) == 7 and type(data[1]) is int else None


def _answer(args: tuple[Any, ...]) -> bool | None:
    try:
        return len(args) == 1 and _fits(args[0])
    except Unread:
        return None


def _fits(data: Any, *, inner: bool = False) -> bool:
    """Do the numbers of an array lie within its buffers? Raises `Unread` for a type that is not looked at."""
    if type(data) is not tuple or len(data) != 7 or not all(type(number) is int for number in data[1:4]):
        return False
    kind, length, nulls, offset, buffers, children, dictionary = data
    layout = layout_of(kind)
    if layout is None:
        raise Unread
    if length < 0 or offset < 0 or length + offset >= _LONGEST or children != []:
        return False
    if type(buffers) is not list or not all(one is None or isinstance(one, Buffer) for one in buffers):
        return False
    if len(buffers) != layout.buffers or (layout.values is None) != (dictionary is None):
        return False
    if not layout.bits and not layout.offsets:
        return bool(nulls == length and buffers == [None])
    raw = [b"" if one is None else one.data() for one in buffers]
    if not _nulls(None if buffers[0] is None else raw[0], length, offset=offset, said=nulls):
        return False
    if layout.offsets:
        return _text(raw[1], raw[2], offset + length, layout)
    if 8 * len(raw[1]) < layout.bits * (offset + length):
        return False
    return dictionary is None or (not inner and _indices(raw[1], data, layout))


def _nulls(bitmap: bytes | bytearray | None, length: int, *, offset: int, said: int) -> bool:
    """Is the number of nulls the true one? -1 is written by those who have not counted. Results are sized by it."""
    if bitmap is None:
        return said in (0, -1)
    if 8 * len(bitmap) < length + offset:
        return False
    if said == -1:
        return True
    valid = int.from_bytes(bitmap[: (length + offset + 7) // 8], "little") & ((1 << (length + offset)) - 1)
    return said == length - bin(valid >> offset).count("1")


def _text(offsets: bytes | bytearray, data: bytes | bytearray, last: int, layout: Layout) -> bool:
    """Does every value begin where the one before ends, within the data, and in UTF-8 with a whole character?"""
    if not offsets and not last:
        return True
    if len(offsets) < layout.offsets * (last + 1):
        return False
    places = array(_CODES[layout.offsets], bytes(offsets[: layout.offsets * (last + 1)])).tolist()
    if places[0] < 0 or places[-1] > len(data) or places != sorted(places):
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


def _indices(raw: bytes | bytearray, data: Any, layout: Layout) -> bool:
    """Does every number name one of the values of the dictionary, the one below a null included?"""
    _, length, _, offset, _, _, dictionary = data
    if not _fits(dictionary, inner=True) or layout_of(dictionary[0]) != layout.values:
        return False
    width = layout.bits // 8
    numbers = array(layout.code, bytes(raw[width * offset : width * (offset + length)]))
    return not numbers or (min(numbers) >= 0 and max(numbers) < dictionary[1])


_CLASSES: Final = ("ArrowExtensionArray", "ArrowStringArray", "ArrowStringArrayNumpySemantics")
_HOMES: Final = ("pandas.arrays", "pandas.core.arrays.arrow.array", "pandas.core.arrays.string_arrow")

SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **dict.fromkeys([("pyarrow.lib", name) for name in ("type_for_alias", "timestamp", "dictionary")], Type),
    ("pyarrow.lib", "py_buffer"): Buffer,
    ("pyarrow.lib", "_restore_array"): Restored,
    **dict.fromkeys([(home, name) for home in _HOMES for name in _CLASSES], Column),
}
