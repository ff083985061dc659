"""The ledger: which names a member's streams resolve, in which roles, with arguments of which shape."""

from __future__ import annotations

from itertools import islice

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Any, Callable, Final, replace
from safeload.parsers.facts import Gap, GapReason, PickleRole, Use
from safeload.parsers.pickles.encoded import coated
from safeload.parsers.pickles.quick import LOOK, NUMBERS
from safeload.parsers.pickles.shapes import (
    ARGUMENTS,
    ODD,
    PLAIN,
    UNREAD,
    could_be_pickle,
    example,
    field_shape,
    is_storage,
    masked,
    state_shape,
)
from safeload.parsers.pickles.standins import Inert, InertMapping, Named, Persistent, stand_in
from safeload.parsers.pickles.watched import watched

_LITERAL: Final = 32  # characters; an argument such as 'latin1' decides what a call means, a paragraph does not
_LITERALS: Final = 8  # different ones kept for one argument of one name; beyond, the argument is just `str`
_STATES: Final = 64  # different shapes of states kept for one name; beyond, the shape is just `other`
_DICT: Final = ("dict",)
_ITEMS: Final = ("appended",)
KEPT: Final = ("kept",)  # seen in a second run, for names that must not be (`kept.py`)
_SHADOWS: Final = ("dict", "other")  # a state under which the instance's next BUILD calls what this one brought
_SIMPLE: Final = frozenset({*PLAIN, bytes})


class Refused(Malformed):
    """The run is given up, for a reason of ours. `UnpicklingError` is what the VM itself raises."""

    def __init__(self, message: str, *, reason: GapReason = GapReason.MALFORMED) -> None:
        super().__init__(message)
        self.reason = reason

    @property
    def gap(self) -> Gap:
        return Gap(reason=self.reason, detail=str(self))


class Page:
    """What was seen of one name."""

    __slots__ = (
        "_calls", "_checks", "_fields", "_kept", "_ledger", "_literals", "_states", "_uses", "_watched",
        "kept", "module", "name", "offset", "passed", "resolved",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, module: str, name: str, offset: int) -> None:
        self._ledger = ledger
        self.module = module
        self.name = name
        self.offset = offset
        self.resolved = 0
        self.passed = 0
        self.kept = False
        self._literals: dict[int, set[str]] = {}
        self._calls: dict[tuple[type, ...], tuple[list[Any], tuple[int, ...]]] = {}
        self._uses: dict[tuple[PickleRole, tuple[str, ...]], list[Any]] = {}
        self._states: dict[tuple[str, ...], list[Any]] = {}
        self._kept: list[tuple[dict[Any, Any], int]] = []
        self._checks: list[Callable[[], bool | None]] = []
        self._watched = watched(module, name)
        self._fields: list[dict[str, Any]] = []

    def call(self, args: tuple[Any, ...]) -> None:
        """REDUCE, INST or OBJ of an ordinary name, as `note` has it; kinds of arguments that were seen are counted."""
        kinds = tuple([arg.__class__ for arg in args])
        known = self._calls.get(kinds)
        if known is None:
            self.note(PickleRole.CALLED, args)
            if len(args) <= ARGUMENTS and _SIMPLE.issuperset(kinds):
                shape = tuple([PLAIN.get(kind, "bytes") for kind in kinds])
                raw = tuple([i for i, kind in enumerate(kinds) if kind is bytes])
                self._calls[kinds] = self._uses[PickleRole.CALLED, shape], raw
            return
        known[0][0] += 1
        for i in known[1]:
            self._ledger.words.add(args[i])

    def bare(self) -> list[Any] | None:
        return self._uses.get((PickleRole.CONSTRUCTED, ()))

    def dictionaries(self) -> list[Any] | None:
        return None if self._watched else self._states.get(_DICT)

    def words(self) -> set[Any]:
        return self._ledger.words

    def first(self, state: Any) -> bool:
        """Is this dictionary given to nothing before? Some libraries take items out of it, and put others in."""
        given = self._ledger.given
        before = id(state) in given
        given[id(state)] = state
        return not before

    def keys(self) -> list[bool]:
        return self._ledger.keys

    def key(self) -> None:
        if not self._ledger.keys:
            self._ledger.keys.append(True)

    def look(self, value: Any, depth: int) -> None:
        self._ledger.look(value, depth)

    def note(
        self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None, *, odd: bool = False
    ) -> None:
        shape = tuple([PLAIN.get(a.__class__) or self._tag(i, a) for i, a in enumerate(args[:ARGUMENTS])])
        if keywords:
            shape += ("keywords",)
            self._ledger.look(keywords)
        if len(args) > ARGUMENTS:
            shape += ("other",)
        if odd:
            shape += ODD
        use = self._uses.get((role, shape))
        if use is not None:
            use[0] += 1
            return
        self._ledger.count()
        self._uses[role, shape] = [1, example(args)]

    def state(self, value: Any, *, odd: bool = False) -> None:
        """BUILD on an instance."""
        self._ledger.look(value)
        if value.__class__ is dict and ("__setstate__" in value or (self._ledger.keys and masked(value))):
            self._states.setdefault(_SHADOWS, [0, example((value,))])[0] += 1
            return
        if self._watched and value.__class__ is dict and not odd:
            self._fields.append({name: value[name] for name in self._watched if name in value})
            return
        shape = _DICT if value.__class__ is dict and not odd else state_shape(value, odd=odd)
        use = self._states.get(shape)
        if use is None and len(self._states) >= _STATES and not odd:
            shape = ("other",)
            use = self._states.get(shape)
        if use is not None:
            use[0] += 1
            return
        self._ledger.count()
        self._states[shape] = [1, example((value,))]

    def items(self) -> None:
        """APPEND, APPENDS or ADDITEMS on an instance: as they do with a list's subclass, and with nothing else."""
        if _ITEMS not in self._states:
            self._ledger.count()
        self._states.setdefault(_ITEMS, [0, ""])[0] += 1

    def again(self) -> None:
        """A second BUILD of one instance: the first state may name what the second is given to. No pickler does so."""
        if _SHADOWS not in self._states:
            self._ledger.count()
        self._states.setdefault(_SHADOWS, [0, ""])[0] += 1

    def keep(self, held: dict[Any, Any]) -> None:
        """A dictionary that the library does not copy: nothing may be added to it later."""
        self._kept.append((held, len(held)))

    def check(self, fits: Callable[[], bool | None]) -> None:
        """What only the end of the run can tell, None if it cannot: what a state holds can change until then."""
        self._checks.append(fits)

    def attribute(self, name: str, *, of_instance: bool = False) -> Named:
        """The stand-in for an attribute of this name, which protocols before 4 fetch by `getattr`."""
        dotted = f"{self.name}().{name}" if of_instance else f"{self.name}.{name}"
        known = self._ledger.known(self.module, dotted)
        made = known or self._ledger.resolve(self.module, dotted, offset=self.offset, special=None)
        page: Any = made.page
        page.resolved += 1
        return made

    def numbers(self, content: bytes) -> None:
        """The bytes of an array of numbers, whose length is the one that its type and shape tell."""
        if self._ledger.numbers is not None:
            self._ledger.numbers[id(content)] = content

    def embed(self, content: bytes) -> None:
        """A whole file of torch in a literal, which the library will open."""
        self._ledger.embedded[content] = None

    def _tag(self, position: int, value: Any) -> str:
        kind = value.__class__
        if kind is str:
            self._ledger.literal(value)
            return self._text(position, value)
        if kind is bytes or kind is bytearray:
            self._ledger.literal(value)
            return "bytes"
        if isinstance(value, Named):
            page = value.page
            if isinstance(page, Page):
                page.passed += 1
            return f"global:{page.module}.{page.name}"
        if isinstance(value, Persistent):
            return "persistent"
        return "result" if isinstance(value, (Inert, InertMapping)) else "other"

    def _text(self, position: int, value: str) -> str:
        if len(value) > _LITERAL:
            return "str"
        kept = self._literals.setdefault(position, set())
        if value not in kept:
            if len(kept) >= _LITERALS:
                return "str"
            kept.add(value)
        return f"str:{value!a}"

    def uses(self) -> list[Use]:
        states = {shape: list(use) for shape, use in self._states.items()}
        for held in self._fields:
            shape = field_shape(held)
            states.setdefault(shape if len(states) < _STATES else ("other",), [0, ""])[0] += 1
        answers = {fits() for fits in self._checks}
        if None in answers:
            states.setdefault(UNREAD, [1, ""])
        if any(len(held) != length for held, length in self._kept) or False in answers:
            states.setdefault(ODD, [1, ""])
        found = [
            self._use(role, count, shape=shape, example=text) for (role, shape), (count, text) in self._uses.items()
        ]
        found += [
            self._use(PickleRole.STATED, count, shape=shape, example=text) for shape, (count, text) in states.items()
        ]
        if self.kept:
            found.append(self._use(PickleRole.REFERENCED, 1, shape=KEPT))
        elif self.passed or (self.resolved and not found):
            found.append(self._use(PickleRole.REFERENCED, max(self.passed, 1)))
        return found

    def _use(self, role: PickleRole, count: int, *, shape: tuple[str, ...] = (), example: str = "") -> Use:
        return Use(
            module=self.module,
            name=self.name,
            role=role,
            shape=shape,
            count=count,
            offset=self.offset,
            example=example,
        )


class Ledger:
    """All pages of one member. Its streams share it; the names of each stream are kept by the stream's run."""

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[str, str], Named] = {}
        self._pages: list[Page] = []
        self._distinct = 0
        self._literal_bytes = 0
        self._likely: dict[bytes, None] = {}
        self.words: set[str | bytes] = set()
        self.keys: list[bool] = []
        self.given: dict[int, Any] = {}  # by identity, which nothing else gets as long as it is held
        self.embedded: dict[bytes, None] = {}
        self.numbers: dict[int, bytes] | None = None  # of arrays, by identity, while somebody wants to know
        self.persistent = 0
        self.storages: dict[str, tuple[str, int]] = {}
        self.odd_persistent: dict[str, None] = {}
        anonymous = self.page("", "<persistent id>", -1)
        anonymous.resolved = 0
        self._persistent = Named("StandIn", (Persistent,), {"page": anonymous, "__slots__": ()})

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
        return stand_in(page, special)

    def extension(self, code: str) -> None:
        """An extension code: a name that stands in the loading process's own registry."""
        page = self.page("copyreg", f"<extension code {code}>", -1)
        page.resolved = 1

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
        return self._persistent.blank()

    def answer(self, pid: Any) -> Any:
        """What `persistent_load` gives. torch's legacy form for modules answers with the class, as torch does."""
        if is_storage(pid):
            self.persistent += 1
            self.storages[pid[2]] = (pid[1].page.name, pid[4])
        elif type(pid) is tuple and len(pid) in (2, 4) and pid[0] == "module" and isinstance(pid[1], Named):
            self.persistent += 1
            return pid[1]
        elif len(self.odd_persistent) < _LITERALS:
            self.odd_persistent[example((pid,))] = None
        self.look(pid)
        return self._persistent.blank()

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
        if not value or not (could_be_pickle(value) or coated(value)):
            return
        raw = value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
        self._literal_bytes += len(raw)
        self._check()
        self._likely[raw] = None

    def passed_on(self, names: frozenset[str]) -> bool:
        """Was a class of one of these names an argument of something?"""
        return any(page.passed and page.name.rpartition(".")[2] in names for page in self._pages)

    def uses(self) -> tuple[Use, ...]:
        found: dict[tuple[str, str, PickleRole, tuple[str, ...]], Use] = {}
        for page in self._pages:
            for use in page.uses():
                key = (use.module, use.name, use.role, use.shape)
                same = found.get(key)
                found[key] = use if same is None else replace(same, count=same.count + use.count)
        return tuple(found.values())

    def absorb(self, other: Ledger) -> None:
        """What another run showed, as if it had been written here."""
        likely = other.literals
        self._pages += other._pages
        self._distinct += other._distinct
        self._literal_bytes += other._literal_bytes
        self._check()
        self._likely.update(likely)
        self.embedded.update(other.embedded)
        self.persistent += other.persistent
        self.odd_persistent.update(other.odd_persistent)


def _text(name: str) -> str:
    """A name that every encoder can write; lone surrogates never belong to anything importable."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
