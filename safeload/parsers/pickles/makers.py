"""Stand-ins for what makes, fetches or fills other stand-ins, beside that for each ordinary name."""

from __future__ import annotations

from safeload.lean import Any, Callable
from safeload.parsers.pickles import quick
from safeload.parsers.pickles.standins import Blank, Inert, InertMapping, Named, Noted, Persistent


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
        if isinstance(args[0], (Blank, InertMapping)) and not isinstance(args[0], Persistent):
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


_MAKERS: dict[tuple[str, str], type[Inert]] = {
    **{(module, name): Maker for module in ("copyreg", "copy_reg") for name in ("_reconstructor", "__newobj__")},
    ("builtins", "getattr"): Getter,
    ("__builtin__", "getattr"): Getter,
    ("dill._dill", "_create_array"): ArrayMaker,
}
More = Callable[[Any], dict[str, Any]]
_MAPPINGS = frozenset({("collections", "OrderedDict"), ("collections", "defaultdict"), ("collections", "Counter")})


def stand_in(page: Noted, special: type[Any] | None = None, *, more: More | None = None, bare: bool = False) -> Named:
    """The stand-in class for one name; `special` keeps what a reading needs to know (array sizes).

    `more` gives methods that come before those of the class it is asked for. `bare`: without arguments, C makes its
    instances; with any it raises TypeError.
    """
    made: Named
    if special is None:
        special = _MAKERS.get((page.module, page.name))
    mapping = (page.module, page.name) in _MAPPINGS
    if special is None and (mapping or more is not None):
        special = InertMapping if mapping else Inert
    if special is not None:
        kind: Any = type(special)
        own = {} if more is None else more(special)
        made = kind("StandIn", (special,), {"page": page, "__slots__": (), **own})
        return made
    named: Any = type("Named", (Named,), {"__call__": quick.call(page)})
    own = {"__setstate__": quick.setstate(page)} if bare else quick.methods(page)
    made = named("StandIn", (Blank if bare else Inert,), {"page": page, "__slots__": (), **own})
    return made
