"""Stand-ins for pandas' categories and levels: codes that compiled code takes as places in a list of values.

pandas checks codes when it makes a Categorical or a MultiIndex, and not when it unpickles one.
"""

from __future__ import annotations

from functools import partial

from safeload.lean import Any, Final
from safeload.parsers.pickles.arrow import Column
from safeload.parsers.pickles.contents import Unread, held, integers
from safeload.parsers.pickles.shapes import masked
from safeload.parsers.pickles.standins import Inert, Named


class _NamedKeeper(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.given = None
        return made


class Categories(Inert, metaclass=_NamedKeeper):
    """A dtype with its categories, which a state gives it once."""

    __slots__ = ("given",)

    given: Any

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        first = self.given is None and page.first(state)
        self.given = dict(state) if type(state) is dict else {}
        page.state(state, odd=not first)


class _NamedIndex(_NamedKeeper):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        if len(args) != 2 or not isinstance(args[0], Named) or type(args[1]) is not dict or masked(args[1]):
            return False
        made.given = dict(args[1])
        if args[0].page.name != "MultiIndex":
            return True
        levels, codes = made.given.get("levels"), made.given.get("codes", made.given.get("labels"))
        if type(levels) not in (list, tuple) or type(codes) not in (list, tuple) or len(levels) != len(codes):
            return False
        fits = [partial(_answer, one, level) for one, level in zip(codes, levels, strict=True)]
        for check in fits:
            cls.page.check(check)
        return all(check() is not False for check in fits)


class Index(Inert, metaclass=_NamedIndex):
    """An index, as the function that makes it was told."""

    __slots__ = ("given",)

    given: Any


class _NamedBacked(_NamedKeeper):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.given = args[0].page.name if args and isinstance(args[0], Named) else ""
        return bool(made.given)

    def blank(cls) -> Any:
        made = super().blank()
        made.array = None
        return made


class Backed(Inert, metaclass=_NamedBacked):
    """An array of pandas over one of numpy; of a Categorical, that one holds the codes."""

    __slots__ = ("array", "given")

    array: Any
    given: Any

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        known = type(state) is tuple and len(state) in (2, 3) and self.array is None
        first, second = state[:2] if known else (None, None)
        kind, self.array = (second, first) if held(first) is not None else (first, second)
        page.state(state, odd=not known)
        if self.given == "Categorical":
            page.check(partial(_coded, self.array, kind))


def _coded(codes: Any, kind: Any) -> bool | None:
    return isinstance(kind, Categories) and kind.given is not None and _answer(codes, kind.given.get("categories"))


def _answer(codes: Any, values: Any) -> bool | None:
    """Does every code name one of the values, or none of them (-1)? None if that could not be looked at."""
    try:
        numbers, count = integers(codes), _length(values)
    except Unread:
        return None
    if numbers is None:
        return False
    if not numbers or (max(numbers) < 0 and min(numbers) >= -1):
        return True
    return None if count is None else min(numbers) >= -1 and max(numbers) < count


def _length(values: Any) -> int | None:
    """How many values an index or an array has; None where that is not known."""
    if isinstance(values, Index) and values.given is not None:
        given = values.given
        if "data" in given:
            return _length(given["data"])
        steps = tuple(given.get(name) for name in ("start", "stop", "step"))
        return len(range(*steps)) if all(type(step) is int and step for step in steps[1:]) else None
    if isinstance(values, Column):
        return values.length
    known = held(values.array if isinstance(values, Backed) else values)
    return known.shape[0] if known is not None and len(known.shape) == 1 else None


class _NamedPlaces(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.given = args[-1] if len(args) == (2 if cls.page.name == "IntIndex" else 3) else None
        return made.given is not None


class Places(Inert, metaclass=_NamedPlaces):
    """Where the values of a sparse column lie: each place, or the lengths of blocks. pandas itself checks them."""

    __slots__ = ("given",)

    given: Any

    def count(self) -> int | None:
        numbers = integers(self.given)
        return None if numbers is None else sum(numbers) if type(self).page.name == "BlockIndex" else len(numbers)


class Sparse(Inert):
    """A sparse column: as many values as there are places, which compiled code believes."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        page.state(state, odd=not page.first(state) or type(state) is not dict)
        page.check(partial(_filled, state if type(state) is dict else {}))


def _filled(state: dict[Any, Any]) -> bool | None:
    known, places = held(state.get("_sparse_values")), state.get("_sparse_index")
    try:
        count = places.count() if isinstance(places, Places) else None
    except Unread:
        return None
    return None if known is None or count is None else known.shape == (count,)


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **dict.fromkeys([("pandas._libs.sparse", name) for name in ("IntIndex", "BlockIndex")], Places),
    **dict.fromkeys([(home, "SparseArray") for home in ("pandas.arrays", "pandas.core.arrays.sparse.array")], Sparse),
    ("pandas", "CategoricalDtype"): Categories,
    ("pandas.core.dtypes.dtypes", "CategoricalDtype"): Categories,
    ("pandas.core.indexes.base", "_new_Index"): Index,
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"): Index,
    ("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex"): Index,
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"): Backed,
}
