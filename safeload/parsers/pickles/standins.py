"""Inert stand-ins for everything that a pickle names: they do nothing, and tell the ledger what was tried.

The real pickle VM runs on them, so nothing that a stream names is ever imported or called.
"""

from __future__ import annotations

from safeload.lean import Any, Callable, Protocol
from safeload.parsers.facts import PickleRole
from safeload.parsers.pickles import quick


class Noted(quick.Counted, Protocol):
    """The ledger's page about one name."""

    module: str
    name: str
    passed: int

    def note(
        self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None, *, odd: bool = False
    ) -> None: ...

    def state(self, value: Any, *, odd: bool = False) -> None: ...

    def items(self) -> None: ...

    def keep(self, held: dict[Any, Any]) -> None: ...

    def check(self, fits: Callable[[], bool | None]) -> None: ...

    def numbers(self, content: bytes) -> None: ...

    def contents(self, args: tuple[Any, ...]) -> tuple[Any, ...]: ...

    def apart(self, content: Any) -> Any: ...

    def embed(self, content: bytes) -> None: ...

    def attribute(self, name: str, *, of_instance: bool = False) -> Named: ...

    def key(self) -> None: ...

    def first(self, state: Any) -> bool: ...


class Named(type):
    """The type of every stand-in class. A class is inert itself: what is aimed at it, not at an instance, is tampering.

    REDUCE, INST and OBJ arrive at `__call__`, NEWOBJ and NEWOBJ_EX at the class's `__new__`: the VM never mixes them.
    """

    page: Noted

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        made = cls.blank()
        args = cls.page.contents(args)
        cls.page.note(PickleRole.CALLED, args, keywords, odd=not cls.begin(made, args))
        return made

    def blank(cls) -> Any:
        return object.__new__(cls)  # type: ignore[arg-type]

    def remade(cls) -> Any:
        """An instance that something else made, without the constructor."""
        return cls.blank()

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        """What a special stand-in remembers of its arguments; False if no library gives it such."""
        return True

    @property
    def __getinitargs__(cls) -> tuple[()]:
        """OBJ and INST without arguments: a class that lacks this is made by `__new__` alone, anything else called.

        The real name may be either, so both count.
        """
        cls.page.note(PickleRole.CONSTRUCTED, ())
        return ()

    def _tampered(cls, how: str) -> Callable[..., None]:
        def record(*args: Any) -> None:
            cls.page.note(PickleRole.TAMPERED, (how, *args))

        return record

    # Properties of the metaclass are found before what the class defines for its instances.
    @property
    def __setstate__(cls) -> Callable[..., None]:
        return cls._tampered("BUILD")

    @property
    def append(cls) -> Callable[..., None]:
        return cls._tampered("APPEND")

    @property
    def extend(cls) -> Callable[..., None]:
        return cls._tampered("APPENDS")

    @property
    def add(cls) -> Callable[..., None]:
        return cls._tampered("ADDITEMS")

    def __setitem__(cls, key: Any, value: Any) -> None:
        cls.page.note(PickleRole.TAMPERED, ("SETITEM", key, value))


class Blank(metaclass=Named):
    """An instance: takes any state and any item, keeps nothing but that it has one. Its hash is its identity.

    It is made in C, which takes no arguments and tells nobody.
    """

    __slots__ = ()

    def __hash__(self) -> int:
        type(self).page.key()
        return object.__hash__(self)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        cls = type(self)
        cls.page.note(PickleRole.RESULT_CALLED, args, keywords)
        return cls.blank()

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        page.stated().append(self)
        page.state(state)

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    # The VM fetches these three from the instance: what its state holds under such a name is called instead.
    def append(self, item: Any) -> None:
        type(self).page.items()

    def extend(self, items: Any) -> None:
        type(self).page.items()

    def add(self, item: Any) -> None:
        type(self).page.items()


class Inert(Blank):
    """An instance of which the page is told how it was made."""

    __slots__ = ()

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        cls.page.note(PickleRole.CONSTRUCTED, args, keywords)
        return cls.blank()


class NamedMapping(Named):
    """For stand-ins of dictionaries: the VM then sets their items in C, which is what keeps large files fast."""

    def blank(cls) -> Any:
        return dict.__new__(cls)  # type: ignore[arg-type]


class InertMapping(dict[Any, Any], metaclass=NamedMapping):
    """An instance of a dictionary class (OrderedDict, defaultdict, Counter)."""

    __slots__ = ("_stated",)
    __hash__ = Inert.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        cls.page.note(PickleRole.CONSTRUCTED, args, keywords)
        return cls.blank()

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        cls = type(self)
        cls.page.note(PickleRole.RESULT_CALLED, args, keywords)
        return cls.blank()

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        if hasattr(self, "_stated"):  # by what the first state holds under this name, which has no list of its own
            page.note(PickleRole.RESULT_CALLED, (state,))
        self._stated = True
        page.state(state)


class Persistent(Inert):
    """What a persistent id answers with."""

    __slots__ = ()
