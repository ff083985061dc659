"""Names that generated pickles use: each writes down what a real loader does with it, and does nothing else.

What is allowed of each is said once, in `KNOWLEDGE` for safeload and in `permitted` for the oracle.
"""

from __future__ import annotations

from typing import Any, Final

MODULE: Final = __name__

KNOWLEDGE: Final = f'''
library = "names for fuzzing"

[[free]]
modules = "{MODULE}"
names = "Free"

[[conditional]]
modules = "{MODULE}"
names = "kept"
referenced = true

[[conditional]]
modules = "{MODULE}"
names = "counted"
called = ["int", "int int"]

[[conditional]]
modules = "{MODULE}"
names = "Built"
constructed = [""]
state = ["dict"]
referenced = true

[[conditional]]
modules = "{MODULE}"
names = "Plain"
constructed = [""]
state = ["dict"]
referenced = true

[[conditional]]
modules = "{MODULE}"
names = "Made"
called = ["", "str"]
'''

Event = tuple[str, str, tuple[str, ...]]  # name, role, types of the arguments

events: list[Event] = []


def permitted(event: Event) -> bool:
    """Does `KNOWLEDGE` allow this? Written without safeload's own judgement."""
    name, role, given = event
    if name == "counted":
        return role == "called" and given in (("int",), ("int", "int"))
    if name == "Built":
        return (role, given) == ("constructed", ()) or (role, given) == ("stated", ("dict",))
    if name == "Plain":
        return (role, given) == ("constructed", ())
    if name == "Made":
        return role == "called" and given in ((), ("str",))
    return False


def note(name: str, role: str, args: tuple[Any, ...]) -> None:
    events.append((name, role, tuple(type(arg).__name__ for arg in args)))


def anything(*args: Any, **keywords: Any) -> Any:
    """On no list."""
    note("anything", "called", args)
    return anything


def kept(*args: Any, **keywords: Any) -> None:
    note("kept", "called", args)


def counted(*args: Any, **keywords: Any) -> int:
    note("counted", "called", (*args, *keywords.values()))
    return 1


class _Watched(type):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        note(cls.__name__, "called", (*args, *keywords.values()))
        return object.__new__(cls)

    def __setattr__(cls, name: str, value: Any) -> None:
        note(cls.__name__, "tampered", (value,))


class _Base:
    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        note(cls.__name__, "constructed", (*args, *keywords.values()))
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        note(type(self).__name__, "stated", (state,))

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        note(type(self).__name__, "result-called", args)
        return self


class Built(_Base, metaclass=_Watched):
    """A state holder, as NEWOBJ and BUILD make it."""


class Plain(metaclass=_Watched):
    """A state holder without methods: what its state holds under their names is called instead."""

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        note(cls.__name__, "constructed", (*args, *keywords.values()))
        return object.__new__(cls)


class Made(_Base, metaclass=_Watched):
    """A value that a call makes."""


class Unknown(_Base, metaclass=_Watched):
    """On no list."""


class Free(dict[Any, Any]):
    """Whatever is done to it does nothing, so nothing is written down."""

    __hash__ = object.__hash__  # type: ignore[assignment]


FUNCTIONS: Final = (anything, kept, counted)


def collect() -> list[Event]:
    """What happened since the last time, changes of the functions themselves included."""
    for function in FUNCTIONS:
        if vars(function):
            note(function.__name__, "tampered", ())
            vars(function).clear()
    found = list(events)
    events.clear()
    return found
