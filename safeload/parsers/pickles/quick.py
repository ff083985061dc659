"""What a stand-in of an ordinary class does, for streams with hundreds of thousands of its objects.

The facts are those that the page would write down by itself, which it does whenever anything is out of the ordinary:
the first use of each kind, arguments, keywords, a state that is no dictionary or has many items.
"""

from __future__ import annotations

from safeload.lean import Any, Callable, Final, Protocol
from safeload.parsers.facts import PickleRole

LOOK: Final = 64  # items of a state that are looked at
NUMBERS: Final = frozenset({int, float, bool, type(None)})


class Counted(Protocol):
    """What it needs of the page about a name."""

    def note(self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None) -> None: ...

    def state(self, value: Any) -> None: ...

    def bare(self) -> list[Any] | None:
        """The count of objects made without arguments, once there is one."""

    def dictionaries(self) -> list[Any] | None:
        """The count of states that are dictionaries, once there is one; None for ever where their fields matter."""

    def words(self) -> set[Any]:
        """Where strings go that may be pickles themselves."""

    def look(self, value: Any, depth: int) -> None: ...

    def keys(self) -> list[bool]:
        """Not empty once an instance is a key somewhere."""

    def again(self) -> None:
        """A second state for one instance, which the first may have handed to something else."""


def methods(page: Counted) -> dict[str, Any]:
    """`__new__` and `__setstate__` of a stand-in class."""
    return {"__new__": _new(page), "__setstate__": _setstate(page)}


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
        return blank(cls)

    return __new__


def _setstate(page: Counted) -> Callable[[Any, Any], None]:
    word, look, keys = page.words().add, page.look, page.keys()
    count: list[Any] | None = None

    def __setstate__(self: Any, state: Any) -> None:
        nonlocal count
        if hasattr(self, "_stated"):
            page.again()
        self._stated = True
        if count is None or keys or state.__class__ is not dict or len(state) > LOOK:
            page.state(state)
            count = page.dictionaries()
            return
        count[0] += 1
        for value in state.values():
            kind = value.__class__
            if kind is str:
                word(value)
            elif kind not in NUMBERS:
                look(value, 1)

    return __setstate__
