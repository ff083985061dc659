"""Names that must not be called later: was one of them kept anywhere in what a stream makes?

A ledger looks into a state two levels deep, and lets go of it. That is enough for names which are harmless whoever
calls them. A few are harmless only in the calls that the stream itself makes. Where a stream names one of these,
it runs again, and everything that is given to an instance is held until the end.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Iterable
from safeload.parsers.pickles.ledger import Ledger
from safeload.parsers.pickles.makers import stand_in
from safeload.parsers.pickles.page import Page
from safeload.parsers.pickles.standins import Inert, Named
from safeload.parsers.pickles.watched import YOLO

if TYPE_CHECKING:
    from safeload.parsers.facts import PickleRole

# A layer's state can call what it holds, one after the other, with what the one before returned: `Sequential` with
# `_load_from_bytes` in it unpickles bytes that no scan saw, and `LSTM.__setstate__` can set that off while loading.
SINKS: Final = frozenset(
    {
        ("torch.storage", "_load_from_bytes"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("builtins", "getattr"),
        ("__builtin__", "getattr"),
        ("__builtins__", "getattr"),
        ("builtins", "type"),
        ("__builtin__", "type"),
        ("dill._dill", "_load_type"),
        ("dill._dill", "_create_array"),
        ("pyarrow.lib", "_restore_array"),
        *YOLO,  # whose constructors evaluate a text
    }
)


def named(ledger: Ledger) -> bool:
    """Does any stream so far name one?"""
    return any(ledger.known(*pair) for pair in SINKS)


def unseen(ledger: Ledger, names: Iterable[tuple[str, str]]) -> bool:
    """Does a stream with these names need the second run?"""
    return any(not page.kept for page in _pages(ledger, names))


def mark(ledger: Ledger, names: Iterable[tuple[str, str]], found: Ledger | None, value: Any = None) -> None:
    """Write down which of the names the second run kept, its `value` included; all of them where it failed (None)."""
    kept = None if not isinstance(found, Holding) else found.kept(value)
    for page in _pages(ledger, names):
        if kept is None or (page.module, page.name) in kept:
            page.kept = True


def _pages(ledger: Ledger, names: Iterable[tuple[str, str]]) -> list[Page]:
    made = [ledger.known(*pair) for pair in SINKS.intersection(names)]
    return [one.page for one in made if one is not None and isinstance(one.page, Page)]


class Holding(Ledger):
    """A ledger that holds on to every argument, state and item."""

    def __init__(self) -> None:
        self._held: list[Any] = []
        super().__init__()

    def page(self, module: str, name: str, offset: int) -> Page:
        page = _Page(self, module, name, offset)
        page.hold = self._held.append
        self._pages.append(page)
        return page

    def stand_in(self, page: Page, special: type[Inert] | None) -> Named:
        return stand_in(page, special, more=lambda base: _items(base, self._held.append))

    def answer(self, pid: Any) -> Any:
        self._held.append(pid)
        return super().answer(pid)

    def kept(self, value: Any) -> set[tuple[str, str]]:
        """Which names lie in a container, or in a state."""
        waiting: list[Any] = [*self._held, value]
        passed: set[int] = set()
        found: set[tuple[str, str]] = set()
        while waiting:
            one = waiting.pop()
            if isinstance(one, Named):
                found.add((one.page.module, one.page.name))
            elif isinstance(one, (tuple, list, dict, set, frozenset)) and id(one) not in passed:
                passed.add(id(one))
                waiting += one
                waiting += one.values() if isinstance(one, dict) else ()
        return found


class _Page(Page):
    __slots__ = ("hold",)

    hold: Callable[[Any], None]

    def note(
        self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None, *, odd: bool = False
    ) -> None:
        self.hold((args, keywords))
        super().note(role, args, keywords, odd=odd)

    def state(self, value: Any, *, odd: bool = False) -> None:
        self.hold(value)
        super().state(value, odd=odd)


def _items(base: Any, hold: Callable[[Any], None]) -> dict[str, Any]:
    """The methods of instances that take an item, which is held as well."""

    def holding(method: Any) -> Any:
        def take(self: Any, *items: Any) -> Any:
            hold(items)
            return method(self, *items)

        return take

    # Looked up by hand: the metaclass has properties of these names, which come first.
    own = {name: method for above in reversed(base.__mro__[:-1]) for name, method in vars(above).items()}
    names = () if issubclass(base, dict) else ("__setitem__", "append", "extend", "add")
    return {name: holding(own[name]) for name in names if name in own}
