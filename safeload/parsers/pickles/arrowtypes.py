"""The types of pyarrow's arrays whose values can be held against their buffers: all but views, unions and runs."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Any, Final, record, replace
from safeload.parsers.pickles.standins import Inert, Named


@record(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the values of a type lie. Two types are one if, and only if, their layouts are equal.

    `bits` of a value, or the bytes of each of its `offsets`; neither for nulls alone, and for what holds children only.
    `values`: of a dictionary. `children`: of lists, which have `each` so many items where they have no offsets, and of
    structs. `types`: how many of them there are in all, itself included.
    """

    said: tuple[Any, ...]
    bits: int = 0
    offsets: int = 0
    text: bool = False
    code: str = ""
    values: Layout | None = None
    children: tuple[Layout, ...] | None = None
    each: int | None = None
    types: int = 1

    @property
    def buffers(self) -> int:
        if self.children is not None:
            return 2 if self.offsets else 1
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
    **{name: Layout(said=(name,), bits=bits, code=code) for name, (bits, code) in _INTEGERS.items()},
    **{name: Layout(said=(name,), bits=bits) for name, bits in _WIDTHS.items()},
    "null": Layout(said=("null",)),
    "string": Layout(said=("string",), offsets=4, text=True),
    "binary": Layout(said=("binary",), offsets=4),
    "large_string": Layout(said=("large_string",), offsets=8, text=True),
    "large_binary": Layout(said=("large_binary",), offsets=8),
}
_OFFSETS: Final = {"list_": 4, "large_list": 8, "map_": 4}
_COMPOUND: Final = ("dictionary", "list_", "large_list", "map_", "struct")
_DECIMALS: Final = {f"decimal{bits}": (bits, digits) for bits, digits in ((32, 9), (64, 18), (128, 38), (256, 76))}


def _simple(name: str, args: tuple[Any, ...]) -> Layout | None:
    """Of types that hold no others."""
    if name == "type_for_alias":
        return _LAYOUTS.get(args[0]) if len(args) == 1 and type(args[0]) is str else None
    if name == "timestamp":
        return Layout(said=(name, *args), bits=64) if all(one is None or type(one) is str for one in args) else None
    if not all(type(one) is int for one in args):
        return None
    if name in _DECIMALS and len(args) == 2:
        bits, digits = _DECIMALS[name]
        fits = 0 < args[0] <= digits and abs(args[1]) <= digits
        return Layout(said=(name, *args), bits=bits) if fits else None
    if name == "binary" and len(args) == 1 and 0 < args[0] <= limits.ARROW_WIDTH:
        return Layout(said=(name, *args), bits=8 * args[0])
    return None


def _dictionary(args: tuple[Any, ...]) -> Layout | None:
    index, values = (layout_of(one) for one in args[:2]) if len(args) == 3 else (None, None)
    if index is None or values is None or not index.code or values.values or values.children is not None:
        return None
    return Layout(said=("dictionary", args[2]), bits=index.bits, code=index.code, values=values, types=2)


def _parts(name: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The types within a type: as fields or, in lists of one length and dictionaries, by themselves."""
    if name == "struct":
        return tuple(args[0]) if len(args) == 1 and type(args[0]) is list else args
    return args[:2] if name in ("map_", "dictionary") else args[:1]


def _nested(name: str, args: tuple[Any, ...]) -> Layout | None:
    """Of types that hold others."""
    parts = _parts(name, args)
    known = [layout_of(one) for one in parts]
    children = tuple([one for one in known if one is not None])
    names = tuple([one.said if isinstance(one, Field) else None for one in parts])
    types = 1 + sum(one.types for one in children)
    if len(children) != len(parts) or types > limits.ARROW_TYPES:
        return None
    if name == "map_":  # a list of structs, none of which is null
        children = (Layout(said=("struct", names), children=children, types=types),)
        return Layout(said=("map", names), offsets=4, children=children, types=types + 1)
    made = Layout(said=(name, names, *args[1:]), children=children, types=types)
    if name == "struct" or len(args) == 1:
        return replace(made, offsets=_OFFSETS.get(name, 0))
    each = args[1] if name == "list_" and len(args) == 2 else None
    return replace(made, each=each) if type(each) is int and 0 < each <= limits.ARROW_WIDTH else None


class _NamedType(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        name = cls.page.name
        if name not in _COMPOUND:
            made.layout = _simple(name, args)
            return True  # a type by itself reads nothing
        made.layout = _dictionary(args) if name == "dictionary" else _nested(name, args)
        # Anything else would be asked for methods, which the state of an instance can hold.
        return all(isinstance(one, (Type, Field)) for one in _parts(name, args))


class Type(Inert, metaclass=_NamedType):
    """A type. `layout` is None for one that is not looked at."""

    __slots__ = ("layout",)

    layout: Layout | None


class _NamedField(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        fits = len(args) in (3, 4) and type(args[0]) is str and isinstance(args[1], Type) and type(args[2]) is bool
        made.layout, made.said = (layout_of(args[1]), args[:3:2]) if fits else (None, None)
        return fits


class Field(Inert, metaclass=_NamedField):
    """A type with a name, within another one."""

    __slots__ = ("layout", "said")

    layout: Layout | None
    said: tuple[str, bool] | None


def layout_of(value: Any) -> Layout | None:
    return value.layout if isinstance(value, (Type, Field)) else None


TYPES: Final[dict[tuple[str, str], type[Inert]]] = {
    ("pyarrow.lib", "field"): Field,
    **dict.fromkeys(
        [("pyarrow.lib", name) for name in ("type_for_alias", "timestamp", "binary", *_DECIMALS, *_COMPOUND)],
        Type,
    ),
}
