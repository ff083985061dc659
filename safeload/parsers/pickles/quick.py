"""What a stand-in of an ordinary class does, for streams with hundreds of thousands of its objects.

The facts are those that the page would write down by itself, which it does whenever anything is out of the ordinary:
the first use of each kind, arguments, keywords, a state that is no dictionary or has many items. What is ordinary is
only put in a list, and summed up when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable

from safeload.lean import Any, Final, Protocol
from safeload.parsers.facts import PickleRole

LOOK: Final = 64  # items of a state that are looked at
NUMBERS: Final = frozenset({int, float, bool, type(None)})
_OFTEN: Final = 1_024  # objects made without arguments, after each of which nobody expects one that has some
_NOTHING: Final = object()


class Counted(Protocol):
    """What it needs of the page about a name."""

    def note(self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None) -> None: ...

    def state(self, value: Any) -> None: ...

    def bare(self) -> list[Any] | None:
        """The count of objects made without arguments, once there is one."""

    def often(self, cls: Any) -> None:
        """Many objects of it were made without arguments. May raise `Again`."""

    def dictionaries(self) -> bool:
        """Need a dictionary as state no further note? Never where its fields matter."""

    def words(self) -> set[Any]:
        """Where strings go that may be pickles themselves."""

    def look(self, value: Any, depth: int) -> None: ...

    def keys(self) -> list[bool]:
        """Not empty once an instance is a key somewhere."""

    def stated(self) -> list[Any]:
        """Where each instance goes that a state is given to."""

    def call(self, args: tuple[Any, ...]) -> tuple[type, list[Any]] | None:
        """A call. Of one plain argument: its kind, and where more of this kind go without further note."""


def methods(page: Counted) -> dict[str, Any]:
    """`__new__` and `__setstate__` of a stand-in class."""
    return {"__new__": _new(page), "__setstate__": setstate(page)}


def _new(page: Counted) -> Callable[..., Any]:
    blank = object.__new__
    count: list[Any] | None = None

    def __new__(cls: Any, *args: Any, **keywords: Any) -> Any:
        nonlocal count
        if args or keywords or count is None:
            page.note(PickleRole.CONSTRUCTED, args, keywords)
            count = page.bare()
        else:
            count[0] += 1
            if not count[0] % _OFTEN:
                page.often(cls)
        return blank(cls)

    return __new__


def setstate(page: Counted) -> Callable[[Any, Any], None]:
    word, look, keys, given = page.words().add, page.look, page.keys(), page.stated().append
    noted = True

    def __setstate__(self: Any, state: Any) -> None:
        nonlocal noted
        given(self)
        if noted or keys or type(state) is not dict or len(state) > LOOK:
            page.state(state)
            noted = not page.dictionaries()
            return
        for value in state.values():
            if type(value) is str:
                word(value)
            elif type(value) is not int and type(value) not in NUMBERS:
                look(value, 1)

    return __setstate__


def call(page: Counted) -> Callable[..., Any]:
    """`__call__` of a stand-in class, by way of its own. The VM gives no keywords to what it calls."""
    blank = object.__new__
    kind: type | None = None
    given: Callable[[Any], None] = [].append

    def __call__(cls: Any, first: Any = _NOTHING, *more: Any) -> Any:
        nonlocal kind, given
        if type(first) is kind and not more:
            given(first)
            return blank(cls)
        usual = page.call(() if first is _NOTHING else (first, *more))
        if usual is not None:
            kind, given = usual[0], usual[1].append
        return blank(cls)

    return __call__
