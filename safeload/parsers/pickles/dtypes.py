"""numpy's element types: what a pickle says of one, held against what numpy itself writes.

numpy believes a dtype's state. One that denies its objects makes numpy take bytes of the file for addresses; one with
another size makes it read beyond the end. So a state counts only if it is the one numpy writes for that constructor.
"""

from __future__ import annotations

import re

from safeload.lean import Any, Final, pattern
from safeload.parsers.pickles.layouts import ALIGNMENTS, INHERITED, OBJECT_FLAGS, Layout, covered, flags_fit
from safeload.parsers.pickles.rawbytes import product, raw_size
from safeload.parsers.pickles.sealed import seal, unsealed
from safeload.parsers.pickles.standins import Inert, Named

# https://numpy.org/doc/stable/reference/arrays.dtypes.html: kinds whose size the name gives, and those that carry one.
_ONE_BYTE: Final = frozenset({"b1", "i1", "u1"})
_NUMBERS: Final = frozenset(
    {"i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "f12", "f16", "c8", "c16", "c24", "c32"}
)
_TIMES: Final = frozenset({"m8", "M8"})
_FLEXIBLE: Final = pattern(r"([SUV])(0|[1-9]\d{0,8})")
_RECORD: Final = "record"  # the class whose elements have fields as attributes; only the state tells the size
_OBJECT: Final = "O8"
_OBJECT_32: Final = "O4"  # what a machine of 32 bits writes; numpy reads it as its own
_OBJECT_SIZE: Final = 8


class _NamedDtype(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made._spec, made._layout, made._closed, made._state = None, None, False, None
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        # Without a copy numpy hands out the one that all its arrays share; False and True are 0 and 1 in old files.
        if len(args) == 3 and all(type(flag) in (bool, int) for flag in args[1:]) and args[1:] == (False, True):
            made._spec = args[0] if type(args[0]) is str else _RECORD if _is_record(args[0]) else None
        return True


class Dtype(Inert, metaclass=_NamedDtype):
    """An element type: made by a call, given one state, and from then on what it is."""

    __slots__ = ("_closed", "_layout", "_spec", "_state")

    _spec: str | None
    _layout: Layout | None
    _closed: bool
    _state: Any

    def __setstate__(self, state: Any) -> None:
        layout = None if self._spec is None or self._closed else stated(self._spec, state)
        self._closed = True
        self._state = state if layout is not None else None
        self._layout = layout
        page = type(self).page
        page.state(state, odd=layout is None)
        if layout is not None and type(state[4]) is dict:
            page.keep(seal(state[4], page))

    def settle(self) -> Layout | None:
        """How elements lie in memory, None if that cannot be told. Whoever asks relies on it: no state may follow."""
        if not self._closed:
            self._closed = True
            self._layout = None if self._spec is None else _unstated(self._spec)
        return self._layout

    @property
    def spec(self) -> str | None:
        return self._spec

    @property
    def described(self) -> Any:
        """The state that it was given and that fits, None if there was none."""
        return self._state

    def textual(self) -> bool:
        """Could its elements be anything but numbers, or records of numbers?"""
        if self._state is not None and type(self._state[4]) is dict:
            return not all(field[0].numeric() for field in unsealed(self._state[4]).values())
        return not self.numeric()

    def numeric(self) -> bool:
        """Is an element one number?"""
        return self._spec in _ONE_BYTE or self._spec in _NUMBERS or self._spec in _TIMES

    def plain(self) -> tuple[str, str]:
        """Kind with size, and byte order; empty for what is not one number."""
        if self._spec is None or self._spec == _RECORD or self.settle() is None:
            return "", ""
        return self._spec, "=" if self._state is None else self._state[1]

    def fields(self) -> dict[str, tuple[int, Dtype]] | None:
        """Offset and type of each field, where all are single numbers in a whole number of eight bytes."""
        if self._state is None or type(self._state[4]) is not dict or type(self._state[3]) is not tuple:
            return None
        named = unsealed(self._state[4])
        found = {name: (named[name][1], named[name][0]) for name in self._state[3]}
        layout = self._layout
        even = layout is not None and layout.size > 0 and not layout.size % 8 and not layout.objects
        return found if even and all(inner.numeric() for _, inner in found.values()) else None


def _is_record(value: Any) -> bool:
    return isinstance(value, Named) and (value.page.module, value.page.name) == ("numpy", "record")


def settled(value: Any) -> Layout | None:
    return value.settle() if isinstance(value, Dtype) else None


def _unstated(spec: str) -> Layout | None:
    """A dtype right after its constructor."""
    if spec in (_OBJECT, _OBJECT_32):
        return Layout(size=_OBJECT_SIZE, flags=OBJECT_FLAGS)
    if spec in _ONE_BYTE or spec in _NUMBERS or spec in _TIMES:
        return Layout(size=int(spec[1:]))
    flexible = _FLEXIBLE.fullmatch(spec)
    return None if flexible is None else Layout(size=_flexible_size(flexible))


def _flexible_size(match: re.Match[str]) -> int:
    return int(match[2]) * (4 if match[1] == "U" else 1)


def stated(spec: str, state: Any) -> Layout | None:
    """The layout that numpy writes as this constructor with this state; None when it writes no such pair."""
    if type(state) is not tuple or len(state) not in (8, 9) or not _ints(state[0], *state[5:8]):
        return None
    version, order, subarray, names, fields, size, alignment, flags = state[:8]
    if spec == _RECORD:
        spec = f"V{size}"
    spec = _OBJECT if spec == _OBJECT_32 else spec
    if version != len(state) - 5 or type(order) is not str or not _extra(spec, state[8:]):
        return None
    if spec.startswith("V"):
        if order != "|" or alignment not in ALIGNMENTS:
            return None
        plain = _unstated(spec)
        if plain is None or plain.size != size:
            return None
        if subarray is not None:
            return _subarray(subarray, size, flags) if names is None and fields is None else None
        if names is not None or fields is not None:
            return _structured(names, fields, size, flags)
        return Layout(size=size) if alignment == 1 and flags == 0 else None
    simple = None if subarray is not None else _simple(spec, order, size, alignment, flags)
    if simple is None or (names is None and fields is None):
        return simple
    # Fields over a number: parts of its bytes, and no objects among them.
    over = None if simple.objects else _structured(names, fields, simple.size, simple.flags)
    return None if over is None else simple


def _simple(spec: str, order: str, size: int, alignment: int, flags: int) -> Layout | None:
    plain = _unstated(spec)
    if plain is None:
        return None
    if spec[0] in "SU":
        text = spec[0] == "U"
        expected = order in "<>" if text else order == "|"
        fits = size == plain.size and alignment == (4 if text else 1) and flags in ((0, 8) if text else (0,))
        return Layout(size=size, flags=flags) if order and expected and fits else None
    orders = ("|",) if spec == _OBJECT or spec in _ONE_BYTE else ("<", ">", "|")
    return plain if order in orders and size == alignment == -1 and flags == plain.flags else None


def _extra(spec: str, rest: tuple[Any, ...]) -> bool:
    """The ninth item: a unit for times, for all others a dictionary of remarks."""
    if spec not in _TIMES:
        return not rest or type(rest[0]) is dict
    if not rest or type(rest[0]) is not tuple or len(rest[0]) != 2:
        return False
    remarks, unit = rest[0]
    if remarks is not None and type(remarks) is not dict:
        return False
    return type(unit) is tuple and len(unit) == 4 and raw_size(unit[0]) is not None and _ints(*unit[1:])


def _subarray(subarray: Any, size: int, flags: int) -> Layout | None:
    if type(subarray) is not tuple or len(subarray) != 2:
        return None
    inner = settled(subarray[0])
    if inner is None or product(subarray[1], inner.size) != size or not flags_fit(flags, inner.flags):
        return None
    return Layout(size=size, flags=flags, repeated=True)


def _structured(names: Any, fields: Any, size: int, flags: int) -> Layout | None:
    """Named fields that lie within the size; none may lie over one that holds objects."""
    if type(names) is not tuple or type(fields) is not dict:
        return None
    fields = unsealed(fields)  # a copy of a dtype shares them with it
    if not all(type(key) is str for key in (*names, *fields)):
        return None
    described = [value for value in fields.values() if type(value) is tuple and len(value) == 3]
    titles = {value[2] for value in described if type(value[2]) is str}
    if len(set(names)) != len(names) or fields.keys() != {*names, *titles}:
        return None
    places: list[tuple[int, int, bool]] = []
    inherited = 0
    for name in names:
        field = fields[name]
        if type(field) is not tuple or len(field) not in (2, 3) or type(field[1]) is not int:
            return None
        if len(field) == 3 and (type(field[2]) is not str or fields[field[2]] is not field):
            return None
        inner = settled(field[0])
        if inner is None or not 0 <= field[1] <= size - inner.size:
            return None
        inherited |= inner.flags & INHERITED
        places.append((field[1], field[1] + inner.size, inner.objects))
    if not flags_fit(flags, inherited) or covered(sorted(places)):
        return None
    return Layout(size=size, flags=flags)


def _ints(*values: Any) -> bool:
    return all(type(value) is int for value in values)
