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

    def note(
        self, role: PickleRole, args: tuple[Any, ...], keywords: dict[str, Any] | None = None, *, odd: bool = False
    ) -> None: ...

    def state(self, value: Any, *, odd: bool = False) -> None: ...

    def call(self, args: tuple[Any, ...]) -> None: ...

    def items(self) -> None: ...

    def again(self) -> None: ...

    def keep(self, held: dict[Any, Any]) -> None: ...

    def check(self, fits: Callable[[], bool | None]) -> None: ...

    def numbers(self, content: bytes) -> None: ...

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


class Inert(metaclass=Named):
    """An instance: takes any state and any item, keeps nothing but that it has one. Its hash is its identity."""

    __slots__ = ("_stated",)

    def __hash__(self) -> int:
        type(self).page.key()
        return object.__hash__(self)

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        cls.page.note(PickleRole.CONSTRUCTED, args, keywords)
        return cls.blank()

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        cls = type(self)
        cls.page.note(PickleRole.RESULT_CALLED, args, keywords)
        return cls.blank()

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        if hasattr(self, "_stated"):
            page.again()
        self._stated = True
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


class Ordinary(Named):
    """For stand-ins of which nothing more has to be known: calls and objects of them come in hundreds of thousands."""

    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        if keywords:
            cls.page.note(PickleRole.CALLED, args, keywords)
        else:
            cls.page.call(args)
        return object.__new__(cls)  # type: ignore[arg-type]


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


class _NamedMaker(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        made = super().__call__(*args, **keywords)
        return args[0].remade() if args and isinstance(args[0], Named) else made


class Maker(Inert, metaclass=_NamedMaker):
    """A function that makes an instance of the class it is given: what is done to that is done to the class's own."""

    __slots__ = ()


class _NamedGetter(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        made = super().__call__(*args, **keywords)
        if len(args) != 2 or keywords or type(args[1]) is not str:
            return made
        if isinstance(args[0], Named):
            return args[0].page.attribute(args[1])
        if isinstance(args[0], (Inert, InertMapping)) and not isinstance(args[0], Persistent):
            return type(args[0]).page.attribute(args[1], of_instance=True)
        return made


class Getter(Inert, metaclass=_NamedGetter):
    """`getattr`: how protocols before 4 write a dotted name, which is what it then stands for."""

    __slots__ = ()


class _NamedArrayMaker(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        made = super().__call__(*args, **keywords)
        if len(args) < 3 or not isinstance(args[0], Named) or type(args[1]) is not tuple:
            return made
        array = args[0](*args[1])
        array.__setstate__(args[2])
        return array


class ArrayMaker(Inert, metaclass=_NamedArrayMaker):
    """dill's way to write an array: the function, its arguments, the state."""

    __slots__ = ()


class Persistent(Inert):
    """What a persistent id answers with."""

    __slots__ = ()


_MAKERS: dict[tuple[str, str], type[Inert]] = {
    **{(module, name): Maker for module in ("copyreg", "copy_reg") for name in ("_reconstructor", "__newobj__")},
    ("builtins", "getattr"): Getter,
    ("__builtin__", "getattr"): Getter,
    ("dill._dill", "_create_array"): ArrayMaker,
}
More = Callable[[Any], dict[str, Any]]
_MAPPINGS = frozenset({("collections", "OrderedDict"), ("collections", "defaultdict"), ("collections", "Counter")})


def stand_in(page: Noted, special: type[Any] | None = None, *, more: More | None = None) -> Named:
    """The stand-in class for one name; `special` keeps what a reading needs to know (array sizes).

    `more` gives methods that come before those of the class it is asked for.
    """
    if special is None:
        special = _MAKERS.get((page.module, page.name))
    mapping = (page.module, page.name) in _MAPPINGS
    if special is None and (mapping or more is not None):
        special = InertMapping if mapping else Inert
    if special is not None:
        kind: Any = type(special)
        own = {} if more is None else more(special)
        made: Named = kind("StandIn", (special,), {"page": page, "__slots__": (), **own})
        return made
    return Ordinary("StandIn", (Inert,), {"page": page, "__slots__": (), **quick.methods(page)})
