"""The types of pyarrow's arrays whose values can be held against their buffers: fixed widths, texts, dictionaries."""

from __future__ import annotations

from safeload.lean import Any, Final, record
from safeload.parsers.pickles.standins import Inert, Named


@record(frozen=True, slots=True, kw_only=True)
class Layout:
    """`bits` of a value, or the bytes of each of its `offsets`; neither for nulls alone. `values`: of a dictionary."""

    bits: int = 0
    offsets: int = 0
    text: bool = False
    code: str = ""
    values: Layout | None = None

    @property
    def buffers(self) -> int:
        return 3 if self.offsets else 2 if self.bits else 1


_INTEGERS: Final = {
    **{f"int{8 * size}": (8 * size, code) for size, code in ((1, "b"), (2, "h"), (4, "i"), (8, "q"))},
    **{f"uint{8 * size}": (8 * size, code) for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))},
}
_WIDTHS: Final = {
    "bool": 1,
    "halffloat": 16,
    **dict.fromkeys(("float", "date32[day]", "time32[s]", "time32[ms]"), 32),
    **dict.fromkeys(("double", "date64[ms]", "time64[us]", "time64[ns]"), 64),
    **dict.fromkeys([f"duration[{unit}]" for unit in ("s", "ms", "us", "ns")], 64),
}
# As `str` of a type has it. Views are left out: each of their values says in which buffer it lies.
_LAYOUTS: Final[dict[str, Layout]] = {
    **{name: Layout(bits=bits, code=code) for name, (bits, code) in _INTEGERS.items()},
    **{name: Layout(bits=bits) for name, bits in _WIDTHS.items()},
    "null": Layout(),
    "string": Layout(offsets=4, text=True),
    "binary": Layout(offsets=4),
    "large_string": Layout(offsets=8, text=True),
    "large_binary": Layout(offsets=8),
}


class _NamedType(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.layout = None
        if cls.page.name == "type_for_alias":
            made.layout = _LAYOUTS.get(args[0]) if len(args) == 1 and type(args[0]) is str else None
        elif cls.page.name == "timestamp":
            made.layout = Layout(bits=64)
        elif len(args) == 3:
            index, values = layout_of(args[0]), layout_of(args[1])
            if index is not None and values is not None and index.code and values.values is None:
                made.layout = Layout(bits=index.bits, code=index.code, values=values)
        return True  # a type by itself reads nothing


class Type(Inert, metaclass=_NamedType):
    """A type. `layout` is None for one that is not looked at."""

    __slots__ = ("layout",)

    layout: Layout | None


def layout_of(value: Any) -> Layout | None:
    return value.layout if isinstance(value, Type) else None
