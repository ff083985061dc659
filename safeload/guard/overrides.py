"""Unpicklers that find classes their own way: held against the rules all the same.

CPython raises `pickle.find_class` in `Unpickler.find_class` itself, so a subclass whose method never calls it is not
heard (torch.package's, for one). Those that exist are found from the two base classes; those that are defined later
tell us through `__init_subclass__`. The C unpickler is an immutable type, whose attributes Python code cannot set; but
what `super()` looks through is its dictionary, which the garbage collector hands out. That reaches every subclass,
under whatever name its module had bound the base, and leaves identity and `isinstance` as they are.
"""

from __future__ import annotations

import _pickle
import functools
import gc
import pickle
from types import FunctionType

from safeload.guard.admission import thread
from safeload.lean import Any, Callable

_HOOK = "__init_subclass__"
_NAME = "find_class"

Check = Callable[[str, str], None]

_told: list[tuple[Any, type, Any]] = []


class _Marked:
    """What our wrappers have as an attribute. Nobody keeps a list of them: torch defines an unpickler for each load."""


def watch(check: Check) -> None:
    """Hold the names of every unpickler with a `find_class` of its own against the rules, until `leave`."""
    if _told:
        return
    # In builds without the C accelerator both names are the same class.
    for base in dict.fromkeys((pickle._Unpickler, _pickle.Unpickler)):
        for cls in _descendants(base):
            _wrap(cls, check)
        space = next(held for held in gc.get_referents(vars(base)) if isinstance(held, dict))
        told = classmethod(_telling(base, check))
        space[_HOOK] = told
        _told.append((space, base, told))


def leave() -> None:
    """Put back exactly what was there."""
    while _told:
        space, base, told = _told.pop()
        if space.get(_HOOK) is told:
            del space[_HOOK]
        for cls in _descendants(base):
            wrapper = vars(cls).get(_NAME)
            if _is_ours(wrapper):
                type.__setattr__(cls, _NAME, vars(wrapper)["__wrapped__"])


def _is_ours(wrapper: Any) -> bool:
    return isinstance(wrapper, FunctionType) and wrapper.__dict__.get("marked") is _Marked


def _descendants(base: type) -> list[type]:
    children: list[type] = type.__subclasses__(base)
    return children + [each for child in children for each in _descendants(child)]


def _telling(base: type, check: Check) -> Callable[..., None]:
    def __init_subclass__(cls: type, **kwargs: Any) -> None:
        super(base, cls).__init_subclass__(**kwargs)  # type: ignore[arg-type]
        _wrap(cls, check)

    return __init_subclass__


def _wrap(cls: type, check: Check) -> None:
    original = vars(cls).get(_NAME)
    # Our own resolve none: they read names, or whom a message is for.
    if original is None or _is_ours(original) or cls.__module__.startswith("safeload."):
        return
    type.__setattr__(cls, _NAME, _checked(original, check))


def _checked(original: Any, check: Check) -> Callable[..., Any]:
    # One that hands names on, perhaps spelled otherwise, is judged by what it hands on.
    hands_on = isinstance(original, FunctionType) and _NAME in original.__code__.co_names

    def find_class(self: Any, module: str, name: str) -> Any:
        bound = original.__get__(self, type(self)) if hasattr(original, "__get__") else original
        if not hands_on:
            check(module, name)
            return bound(module, name)
        before = thread.judged
        found = bound(module, name)
        if thread.judged == before:
            check(module, name)
        return found

    if isinstance(original, FunctionType):
        functools.update_wrapper(find_class, original)
    find_class.__wrapped__ = original  # type: ignore[attr-defined]
    find_class.marked = _Marked  # type: ignore[attr-defined]
    return find_class
