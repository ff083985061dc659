"""Classes of the user's own that only hold a state: known in this process, and nowhere else.

A class that is imported already, that lies outside of installed packages and the standard library, and whose surface
holds nothing that a pickle could set off: making one with `__new__` and filling its `__dict__` runs no code of the
user's. What a pickle reaches is what `object` gives, or what a library's class does that is on the lists. A call of the
class is another matter (`__init__` runs), as is every function: those are asked about. See docs/adr, number 6.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from collections import _tuplegetter  # type: ignore[attr-defined]
from functools import cache
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType

from safeload.lean import Any
from safeload.scanners import names, shapes
from safeload.scanners.names_table import Known

# What unpickling may call: while it makes, fills, collects, compares or drops an object.
_REACHED = frozenset(
    {
        *("__new__", "__setstate__", "__reduce__", "__reduce_ex__", "__del__", "__getattr__", "__getattribute__"),
        *("__setattr__", "__setitem__", "__getnewargs__", "__getnewargs_ex__", "__hash__", "__eq__", "__call__"),
        *("append", "extend", "add", "__dict__", "__class__", "__instancecheck__", "_missing_", "__set_name__"),
    }
)
_GENERATED = ("<string>", "<attrs generated")  # what dataclasses, collections and attrs compile
_STATES = tuple(shapes.parse(text) for text in ("dict", "list", "appended", "dict appended"))
_SLOTS = shapes.parse("tuple")  # the second half of such a state is set attribute by attribute
_CODE_PACKAGES = frozenset({"transformers_modules", "diffusers_modules"})


def known(module: str, name: str) -> Known | None:
    """The conditions under which `module.name` is harmless here; None when nothing is known of it.

    Imports nothing, and asks no object for an attribute: neither could be taken back.
    """
    cls = _found(module, name)
    if cls is None or not _is_of_the_user(cls) or not _is_plain(cls):
        return None
    value = "str|int|float|bytes|bool|none|tuple?" if _is_enumeration(cls) else ""
    condition = names.Condition(
        called=(shapes.parse(value),) if value else None,
        constructed=None if value else (shapes.parse("data*"),),
        state=None if value else _states(cls),
        referenced=True,
    )
    what = "a class of your own that holds a state"
    return Known(standing=names.Standing.CONDITIONAL, what=what, stated=lambda: condition)


def _found(module: str, name: str) -> type | None:
    space = sys.modules.get(module)
    if type(space) is not ModuleType:  # one that computes its attributes would run code
        return None
    found: Any = space
    for part in name.split("."):
        held = vars(found) if isinstance(found, (type, ModuleType)) else {}
        found = held.get(part)
    return found if isinstance(found, type) and not isinstance(found, ModuleType) else None


def _is_of_the_user(cls: type) -> bool:
    if cls.__module__.partition(".")[0] in _CODE_PACKAGES:
        return False
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if not isinstance(file, str):
        return cls.__module__ == "__main__"
    return not file.startswith(_installed())


@cache
def _installed() -> tuple[str, ...]:
    paths = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    return tuple(path for path in paths if path and path not in (sys.prefix, sys.base_prefix))


def _is_plain(cls: type) -> bool:
    if type(cls).__module__ not in ("builtins", "abc", "enum"):
        return False
    return all(_is_harmless(base, cls) for base in cls.__mro__)


def _is_harmless(cls: type, of: type) -> bool:
    if cls is object or (_is_enumeration(of) and cls.__module__ == "enum"):
        return True
    entry = names.listed(cls.__module__, cls.__qualname__)
    if entry is not None and entry.standing is names.Standing.FREE:
        return True
    if entry is not None and entry.standing is names.Standing.CONDITIONAL and entry.condition is not None:
        # A condition on fields is held against the library's own class alone.
        return entry.condition.constructed is not None and not entry.condition.fields
    in_python = "__module__" in vars(cls) and bool(cls.__flags__ & _HEAP)
    return in_python and all(_is_quiet(key, value, cls) for key, value in vars(cls).items())


_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a `class` statement, or by C code that says where


def _is_quiet(key: str, value: Any, cls: type) -> bool:
    if isinstance(value, (MemberDescriptorType, GetSetDescriptorType, _tuplegetter)):
        return True  # slots, what `object` has, fields of a named tuple
    if key in _REACHED:
        return _is_generated(key, value, cls)
    if isinstance(value, property):
        return value.fset is None or not _is_of_the_user(cls)
    return not any("__set__" in vars(base) for base in type(value).__mro__)


def _states(cls: type) -> tuple[shapes.Pattern, ...]:
    values = [value for base in cls.__mro__ for value in vars(base).values()]
    settable = any(isinstance(value, property) and value.fset is not None for value in values)
    return _STATES if settable else (*_STATES, _SLOTS)


def _is_generated(key: str, value: Any, cls: type) -> bool:
    if key == "__call__":
        return True  # a result that is called is a finding of its own
    if key == "__hash__" and (value is None or value is object.__hash__):
        return True
    if key == "__eq__" and vars(cls).get("__hash__", 0) is None:
        return True  # no key of a dictionary, so nothing compares it
    function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
    if not isinstance(function, FunctionType):
        return False
    written_by = function.__globals__.get("__name__")
    return written_by in ("collections", "dataclasses", "enum") or function.__code__.co_filename.startswith(_GENERATED)


def _is_enumeration(cls: type) -> bool:
    return type(cls).__module__ == "enum" and not any(
        key in vars(base)
        for base in cls.__mro__
        if base.__module__ not in ("enum", "builtins")
        for key in ("_missing_", "__hash__", "__eq__")
    )
