"""Stand-ins for pyarrow's arrays, which pandas writes for strings: numbers in the file say where values lie.

`_restore_array` believes all of them: an offset beyond the buffer is read, whatever lies there, and a crash is the
milder outcome. pyarrow checks with `validate(full=True)` only, which unpickling does not call.
https://arrow.apache.org/docs/format/Columnar.html; https://arrow.apache.org/docs/format/Security.html
"""

from __future__ import annotations

from functools import partial

from safeload.lean import Any, Final
from safeload.parsers.pickles.arrays import Bytes
from safeload.parsers.pickles.arrowtypes import TYPES
from safeload.parsers.pickles.arrowvalues import fits
from safeload.parsers.pickles.contents import Unread
from safeload.parsers.pickles.rawbytes import Outside, Raw
from safeload.parsers.pickles.standins import Inert, Named

_KEYS: Final = frozenset({"_pa_array", "_data", "_dtype", "_cache", "_readonly"})


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
        return len(args) == 1 and fits(args[0], _buffers)
    except Unread:
        return None


def _buffers(held: Any) -> list[bytes | bytearray | None] | None:
    if type(held) is not list or not all(one is None or isinstance(one, Buffer) for one in held):
        return None
    return [None if one is None else one.data() for one in held]


_CLASSES: Final = ("ArrowExtensionArray", "ArrowStringArray", "ArrowStringArrayNumpySemantics")
_HOMES: Final = ("pandas.arrays", "pandas.core.arrays.arrow.array", "pandas.core.arrays.string_arrow")

SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **TYPES,
    ("pyarrow.lib", "py_buffer"): Buffer,
    ("pyarrow.lib", "_restore_array"): Restored,
    **dict.fromkeys([(home, name) for home in _HOMES for name in _CLASSES], Column),
}
