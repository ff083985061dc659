"""A page of the ledger: what was seen of one name."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, Callable, Final
from safeload.parsers.facts import PickleRole, Use
from safeload.parsers.pickles.located import SEAL
from safeload.parsers.pickles.shapes import ARGUMENTS, ODD, PLAIN, UNREAD, example, field_shape, masked, state_shape
from safeload.parsers.pickles.standins import Named
from safeload.parsers.pickles.tags import Tags
from safeload.parsers.pickles.watched import BESIDE, watched

if TYPE_CHECKING:
    from safeload.parsers.pickles.ledger import Ledger

_STATES: Final = 64  # different shapes of states kept for one name; beyond, the shape is just `other`
_DICT: Final = ("dict",)
_ITEMS: Final = ("appended",)
KEPT: Final = ("kept",)  # seen in a second run, for names that must not be (`kept.py`)
_SHADOWS: Final = ("dict", "other")  # a state under which the instance's next BUILD calls what this one brought
_SIMPLE: Final = frozenset({*PLAIN, bytes})


class Page:
    """What was seen of one name."""

    __slots__ = (
        "_alike", "_calls", "_checks", "_fields", "_kept", "_ledger", "_stated", "_states", "_tags", "_told", "_uses",
        "_watched", "kept", "module", "name", "offset", "passed", "resolved",
    )  # fmt: skip

    def __init__(self, ledger: Ledger, module: str, name: str, offset: int) -> None:
        self._ledger = ledger
        self.module = module
        self.name = name
        self.offset = offset
        self.resolved = 0
        self.passed = 0
        self.kept = False
        self._tags = Tags(ledger.literal)
        self._calls: dict[tuple[type, ...], tuple[list[Any], tuple[int, ...]]] = {}
        self._uses: dict[tuple[PickleRole, tuple[str, ...]], list[Any]] = {}
        self._states: dict[tuple[str, ...], list[Any]] = {}
        self._stated: list[Any] = []  # held, so that nothing else gets the identity of one
        self._told = 0
        self._alike: dict[type, list[Any]] = {}
        self._kept: list[tuple[dict[Any, Any], int]] = []
        self._checks: list[Callable[[], bool | None]] = []
        self._watched = watched(module, name)
        self._fields: list[dict[str, Any]] = []

    def call(self, args: tuple[Any, ...]) -> tuple[type, list[Any]] | None:
        """REDUCE, INST or OBJ of an ordinary name, as `note` has it; kinds of arguments that were seen are counted."""
        kinds = tuple(map(type, args))
        known = self._calls.get(kinds)
        if known is None:
            self.note(PickleRole.CALLED, args)
            if len(args) > ARGUMENTS or not _SIMPLE.issuperset(kinds):
                return None
            shape = tuple([PLAIN.get(kind, "bytes") for kind in kinds])
            raw = tuple([i for i, kind in enumerate(kinds) if kind is bytes])
            known = self._calls[kinds] = self._uses[PickleRole.CALLED, shape], raw
        else:
            known[0][0] += 1
            for i in known[1]:
                self._ledger.words.add(args[i])
        return (kinds[0], self._alike.setdefault(kinds[0], [])) if len(kinds) == 1 else None

    def bare(self) -> list[Any] | None:
        return self._uses.get((PickleRole.CONSTRUCTED, ()))

    def often(self, cls: Any) -> None:
        self._ledger.often(cls)

    def dictionaries(self) -> bool:
        return not self._watched and _DICT in self._states

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
        shape = tuple([PLAIN.get(a.__class__) or self._tags.of(i, a) for i, a in enumerate(args[:ARGUMENTS])])
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
        self._told += 1
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

    def stated(self) -> list[Any]:
        return self._stated

    def settle(self) -> None:
        """Sum up what was only put in lists."""
        for kind, given in self._alike.items():
            self._calls[kind,][0][0] += len(given)
            if kind is bytes:
                self._ledger.words.update(given)
            given.clear()
        unnoted = len(self._stated) - self._told
        if unnoted > 0:
            self._states[_DICT][0] += unnoted
            self._told += unnoted
        made = self.bare()
        if made is not None:  # by the thousand they were not counted, and nothing is made just to be thrown away
            made[0] = max(made[0], len(self._stated))

    def _again(self) -> int:
        """Further states of one instance: the first may name what the second is given to. No pickler does so."""
        if len(self._stated) < 2:
            return 0
        cls: Any = type(self._stated[0])
        cls.__hash__ = object.__hash__  # identity, in C; the class's own tells of keys
        try:
            return len(self._stated) - len(set(self._stated))
        finally:
            del cls.__hash__

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

    def apart(self, content: Any) -> Any:
        """Where a large literal lies, which the VM was not given; anything else as it is."""
        return self._ledger.apart.get(content[-SEAL:], content) if type(content) is bytes else content

    def contents(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(map(self._ledger.content, args)) if self._ledger.apart else args

    def embed(self, content: bytes) -> None:
        """A whole file of torch in a literal, which the library will open."""
        self._ledger.embedded[content] = None

    def _beside(self) -> list[dict[str, Any]]:
        """What a checkpoint keeps beside the model, and its library reads with it."""
        wanted = BESIDE.intersection(self._watched)
        made = [one for one in self._ledger.made if one.__class__ is dict] if wanted and self._fields else []
        return [{name: one[name] for name in wanted if name in one} for one in made]

    def uses(self) -> list[Use]:
        self.settle()
        states = {shape: list(use) for shape, use in self._states.items()}
        for held in (*self._fields, *self._beside()):
            shape = field_shape(held)
            states.setdefault(shape if len(states) < _STATES else ("other",), [0, ""])[0] += 1
        again = self._again()
        if again:
            states.setdefault(_SHADOWS, [0, ""])[0] += again
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
