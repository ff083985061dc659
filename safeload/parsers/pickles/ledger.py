"""The ledger: which names a member's streams resolve, in which roles, with arguments of which shape."""

from __future__ import annotations

from itertools import islice

from safeload import limits
from safeload.lean import Any, Callable, Final, Iterable, replace
from safeload.parsers.facts import GapReason, PickleRole, Use
from safeload.parsers.pickles.contents import Later
from safeload.parsers.pickles.encoded import coated
from safeload.parsers.pickles.located import SEAL
from safeload.parsers.pickles.makers import stand_in
from safeload.parsers.pickles.page import Page
from safeload.parsers.pickles.quick import LOOK, NUMBERS
from safeload.parsers.pickles.shapes import could_be_pickle, example, is_storage
from safeload.parsers.pickles.standins import Inert, Named, Persistent
from safeload.parsers.refused import Refused as Refused

_ODD_IDS: Final = 8  # different ones that are told


class Again(BaseException):
    """The run should begin anew, with the objects of this class made in C. Not an `Exception`: no fault of the file."""

    def __init__(self, module: str, name: str) -> None:
        super().__init__()
        self.pair = (module, name)


class Ledger:
    """All pages of one member. Its streams share it; the names of each stream are kept by the stream's run."""

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[str, str], Named] = {}
        self._pages: list[Page] = []
        self._beside: list[Ledger] = []  # of other readings of the same bytes
        self._distinct = 0
        self._literal_bytes = 0
        self._likely: dict[bytes, None] = {}
        self.words: set[str | bytes] = set()
        self.keys: list[bool] = []
        self.given: dict[int, Any] = {}  # by identity, which nothing else gets as long as it is held
        self.embedded: dict[bytes, None] = {}
        self.numbers: dict[int, bytes] | None = None  # of arrays, by identity, while somebody wants to know
        self.apart: dict[bytes, Later] = {}  # literals that the VM was not given, by their seals
        self._hurried: list[tuple[Any, Any]] | None = None
        self._bare: frozenset[tuple[str, str]] = frozenset()
        self._early: Callable[[], bool] = bool
        self.tell: Callable[[], int] = int  # where the run stands
        self.persistent = 0
        self.storages: dict[str, tuple[str, int]] = {}
        self.made: list[Any] = []  # what each stream came to
        self.odd_persistent: dict[str, None] = {}
        self._anonymous = self.page("", "<persistent id>", -1)
        self._anonymous.resolved = 0
        self._persistent: Named | None = None

    @property
    def begun(self) -> bool:
        """Did any stream name anything?"""
        return bool(self._stand_ins)

    def clear(self) -> None:
        """As if nothing had been read."""
        Ledger.__init__(self)

    def page(self, module: str, name: str, offset: int) -> Page:
        page = Page(self, module, name, offset)
        self._pages.append(page)
        return page

    def known(self, module: str, name: str) -> Named | None:
        return self._stand_ins.get((module, name))

    def resolve(self, module: str, name: str, *, offset: int, special: type[Inert] | None) -> Named:
        """The stand-in for a name seen for the first time."""
        self.count()
        if len(module) + len(name) > limits.NAME:
            raise Refused(f"a name of {len(module) + len(name)} characters", reason=GapReason.LIMIT)
        page = self.page(_text(module), _text(name), offset)
        made = self._stand_ins[module, name] = self.stand_in(page, special)
        return made

    def stand_in(self, page: Page, special: type[Inert] | None) -> Named:
        if special is not None or (page.module, page.name) not in self._bare:
            return stand_in(page, special)
        page.note(PickleRole.CONSTRUCTED, ())  # which the run before showed
        return stand_in(page, bare=True)

    def extension(self, code: str) -> None:
        """An extension code: a name that stands in the loading process's own registry."""
        page = self.page("copyreg", f"<extension code {code}>", -1)
        page.resolved = 1

    def hurry(self, *, bare: Iterable[tuple[str, str]] = (), early: Callable[[], bool] = bool) -> None:
        """For a run that can be made again: classes may have their objects made in C, which shows no arguments.

        Those of `bare` from the beginning. While `early`, another such class raises `Again`: beginning anew with it
        among them costs less than a class whose `__new__` is replaced, of which Python remembers that it had one.
        """
        self._hurried, self._bare, self._early = [], frozenset(bare), early

    def slow_down(self) -> bool:
        """The run is over; did any class hurry? C raises TypeError where there are arguments."""
        hurried, self._hurried = self._hurried or [], None
        for cls, own in hurried:
            cls.__new__ = own
        return bool(hurried or self._bare)

    def often(self, cls: Any) -> None:
        if self._hurried is None:
            return
        if self._early():
            raise Again(cls.page.module, cls.page.name)
        self._hurried.append((cls, cls.__dict__["__new__"]))
        cls.__new__ = object.__new__

    def count(self) -> None:
        self._distinct += 1
        self._check()

    def _check(self) -> None:
        if self._distinct > limits.NAMES:
            raise Refused(f"more than {limits.NAMES} different uses of names", reason=GapReason.LIMIT)
        if self._literal_bytes > limits.NESTED_BYTES:
            raise Refused("too many literals that look like pickles", reason=GapReason.LIMIT)

    def number_id(self) -> Any:
        """What a persistent id of torch's first format gives: a number that stands for a tensor."""
        self.persistent += 1
        return self._elsewhere()

    def _elsewhere(self) -> Any:
        """Its class is made when the first is asked for: that takes as long as half of a small file."""
        if self._persistent is None:
            self._persistent = Named("StandIn", (Persistent,), {"page": self._anonymous, "__slots__": ()})
        return self._persistent.blank()

    def answer(self, pid: Any) -> Any:
        """What `persistent_load` gives. torch's legacy form for modules answers with the class, as torch does."""
        if is_storage(pid):
            self.persistent += 1
            self.storages[pid[2]] = (pid[1].page.name, pid[4])
        elif type(pid) is tuple and len(pid) in (2, 4) and pid[0] == "module" and isinstance(pid[1], Named):
            self.persistent += 1
            return pid[1]
        elif len(self.odd_persistent) < _ODD_IDS:
            self.odd_persistent[example((pid,))] = None
        self.look(pid)
        return self._elsewhere()

    def look(self, value: Any, depth: int = 2) -> None:
        """Names and literals that are not arguments themselves, but lie in a state or in keywords."""
        kind = value.__class__
        if kind in (str, bytes, bytearray):
            self.literal(value)
        elif isinstance(value, Named):
            if isinstance(value.page, Page):
                value.page.passed += 1
        elif depth and kind in (tuple, list, dict):
            items = value.values() if kind is dict else value
            for item in items if len(value) <= LOOK else islice(items, LOOK):
                if item.__class__ not in NUMBERS:
                    self.look(item, depth - 1)

    @property
    def literals(self) -> dict[bytes, None]:
        """Strings that could be pickles themselves. Raises `Refused`."""
        for page in self._pages:
            page.settle()
        words = list(self.words)
        self.words.clear()
        for word in words:
            self.literal(word)
        return self._likely

    @literals.setter
    def literals(self, likely: dict[bytes, None]) -> None:
        self._likely = likely

    def literal(self, value: str | bytes | bytearray) -> None:
        """Remember a string that could be a pickle itself."""
        value = self.content(value)
        if not value or not (could_be_pickle(value) or coated(value)):
            return
        raw = value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
        self._literal_bytes += len(raw)
        self._check()
        self._likely[raw] = None

    def content(self, value: Any) -> Any:
        """A large literal as it stands in the file; anything else as it is."""
        later = self.apart.get(value[-SEAL:]) if value.__class__ is bytes else None
        return value if later is None else later[:]

    def passed_on(self, names: frozenset[str]) -> bool:
        """Was a class of one of these names an argument of something?"""
        here = any(page.passed and page.name.rpartition(".")[2] in names for page in self._pages)
        return here or any(other.passed_on(names) for other in self._beside)

    def uses(self) -> tuple[Use, ...]:
        found: dict[tuple[str, str, PickleRole, tuple[str, ...]], Use] = {}
        for page in self._pages:
            for use in page.uses():
                key = (use.module, use.name, use.role, use.shape)
                same = found.get(key)
                found[key] = use if same is None else replace(same, count=same.count + use.count)
        for other in self._beside:
            for use in other.uses():
                key = (use.module, use.name, use.role, use.shape)
                if key not in found or found[key].count < use.count:
                    found[key] = use
        return tuple(found.values())

    def add(self, other: Ledger) -> None:
        """What another reading of the same bytes showed, if that is more than this has."""
        known = {(use.module, use.name, use.role, use.shape) for use in self.uses()}
        # A name that one reading only fetched before it ended is no news where another goes on to use it.
        known |= {(module, name, PickleRole.REFERENCED, ()) for module, name, _, _ in known}
        if not known.issuperset((use.module, use.name, use.role, use.shape) for use in other.uses()):
            self._beside.append(other)
            self._take(other)
            self.persistent = max(self.persistent, other.persistent)

    def absorb(self, other: Ledger) -> None:
        """What another run showed, as if it had been written here."""
        self._pages += other._pages
        self._beside += other._beside
        self._take(other)
        self.persistent += other.persistent

    def _take(self, other: Ledger) -> None:
        likely = other.literals
        self._distinct += other._distinct
        self._literal_bytes += other._literal_bytes
        self._check()
        self._likely.update(likely)
        self.embedded.update(other.embedded)
        self.odd_persistent.update(other.odd_persistent)


def _text(name: str) -> str:
    """A name that every encoder can write; lone surrogates never belong to anything importable."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
