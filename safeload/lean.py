"""What the standard library has as well, at a tenth of the time that importing it takes.

A scan of one small file is nearly all imports. `dataclasses` takes as long to import as Python takes to start, and then
compiles half a millisecond of code for each class; `typing`, `enum` and `re` come next. Nothing here makes code or
compiles a pattern before it is used. To mypy these are the names of the standard library, so nothing is less checked;
see docs/adr for the figures.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import (
        Callable,
        Collection,
        Generator,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )
    from dataclasses import dataclass as record
    from dataclasses import field, replace
    from enum import Enum as Choice
    from hashlib import _Hash as Hash
    from re import compile as pattern
    from typing import IO, Any, BinaryIO, ClassVar, Final, NoReturn, Protocol, TextIO, TypeVar
else:
    from _collections import deque
    from _collections_abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
    from _operator import attrgetter

__all__ = [
    "IO", "TYPE_CHECKING", "Any", "BinaryIO", "Callable", "Choice", "ClassVar", "Collection", "Final", "Generator",
    "Iterable", "Iterator", "Mapping", "NoReturn", "Protocol", "Sequence", "TextIO", "TypeVar", "attribute",
    "deque", "field", "pattern", "record", "replace", "sha256",
]  # fmt: skip
_sha256: list[Callable[[bytes], Hash]] = []

if not TYPE_CHECKING:
    # Annotations are never evaluated here, so any object will do for the names that stand in them.
    IO = Any = BinaryIO = ClassVar = Final = NoReturn = TextIO = type("Any", (), {})
    Protocol = object

    def TypeVar(name, **bound):
        return name

    _NOTHING = object()

    class _Field:
        """A default that is more than a value."""

        def __init__(self, *, default=_NOTHING, default_factory=None, compare=True):
            self.default, self.factory, self.compare = default, default_factory, compare

    field = _Field

    def record(*, frozen=False, slots=True, kw_only=False, eq=True):
        """As `dataclasses.dataclass` with these arguments; always with slots, and without bases that have fields."""

        def made(given):
            names, space, fields = tuple(given.__annotations__), _METHODS[frozen, eq].copy(), {}
            for name, value in given.__dict__.items():
                if name in given.__annotations__:
                    fields[name] = value if isinstance(value, _Field) else _Field(default=value)
                elif name not in ("__dict__", "__weakref__"):
                    space[name] = value
            space["__slots__"], space["__qualname__"] = names, given.__qualname__
            space["__record__"], space["__dataclass_fields__"] = fields, _DATACLASS_FIELDS
            compared = [name for name in names if name not in fields or fields[name].compare]
            space["__values__"] = attrgetter(*compared, "__class__")  # always a tuple
            cls = type(given)(given.__name__, given.__bases__, space)
            cls.__init__ = _init(cls, names, fields, kw_only)
            return cls

        return made

    def _init(cls, names, fields, kw_only):
        put = [(name, cls.__dict__[name].__set__) for name in names]
        defaults = {name: one.default for name, one in fields.items() if one.default is not _NOTHING}
        factories = [(name, one.factory) for name, one in fields.items() if one.factory is not None]
        count, after = len(names), getattr(cls, "__post_init__", None)

        def __init__(self, **given):
            if len(given) != count:
                given = {**defaults, **given}
                for name, factory in factories:
                    if name not in given:
                        given[name] = factory()
                if len(given) != count:
                    _refuse(cls, names, given)
            try:
                for name, set_slot in put:
                    set_slot(self, given[name])
            except KeyError:
                _refuse(cls, names, given)
            if after is not None:
                after(self)

        if kw_only:
            return __init__

        def by_place(self, *values, **given):
            placed = dict(zip(names, values, strict=False))
            if len(values) > count or placed.keys() & given.keys():
                raise TypeError(f"{cls.__name__}() was given a field twice, or more than it has")
            __init__(self, **placed, **given)

        return by_place

    def _refuse(cls, names, given):
        unknown = [name for name in given if name not in names]
        missing = [name for name in names if name not in given]
        raise TypeError(f"{cls.__name__}() lacks {missing}, does not know {unknown}")

    def __repr__(self):
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"{self.__class__.__qualname__}({said})"

    def __eq__(self, other):
        return self.__values__(self) == other.__values__(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self):
        return hash(self.__values__(self))

    def __setattr__(self, name, value=None):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot change field {name!r}")

    def __reduce__(self):
        return _again, (self.__class__, [getattr(self, name) for name in self.__slots__])

    def _again(cls, values):
        """A copy, or what was pickled."""
        made = cls.__new__(cls)
        for name, value in zip(cls.__slots__, values, strict=True):
            cls.__dict__[name].__set__(made, value)
        return made

    class _DataclassFields:
        """Made when somebody asks: `dataclasses.replace`, `fields` and `asdict` take a record for what mypy sees."""

        def __get__(self, instance, owner):
            import dataclasses

            given = [
                (name, owner.__annotations__[name], _dataclass_field(dataclasses, owner.__record__.get(name)))
                for name in owner.__slots__
            ]
            return dataclasses.make_dataclass(owner.__name__, given, kw_only=True).__dataclass_fields__

    _DATACLASS_FIELDS = _DataclassFields()
    _always, _METHODS = {"__repr__": __repr__, "__reduce__": __reduce__}, {}  # by `frozen` and `eq`
    for _frozen, _writes in ((True, {"__setattr__": __setattr__, "__delattr__": __setattr__}), (False, {})):
        _METHODS[_frozen, False] = _always | _writes
        _METHODS[_frozen, True] = _always | _writes | {"__eq__": __eq__, "__hash__": __hash__ if _frozen else None}
    del __repr__, __eq__, __hash__, __setattr__, __reduce__

    def _dataclass_field(dataclasses, one):
        if one is None:
            return dataclasses.field()
        if one.factory is not None:
            return dataclasses.field(default_factory=one.factory, compare=one.compare)
        return dataclasses.field(default=one.default, compare=one.compare)

    def replace(one, /, **changes):
        return one.__class__(**{**{name: getattr(one, name) for name in one.__slots__}, **changes})

    class _Choices(type):
        """Makes each name of a class of choices its one member."""

        def __new__(cls, name, bases, space):
            given = {k: v for k, v in space.items() if isinstance(v, str) and not k.startswith("_")}
            space = {"__repr__": _repr, **{k: v for k, v in space.items() if k not in given}}
            made = super().__new__(cls, name, bases, space)
            made._by_value = {}
            for key, value in given.items():
                member = made._by_value[value] = str.__new__(made, value)
                member.name, member.value = key, value
                setattr(made, key, member)
            return made

        def __call__(cls, value):
            try:
                return cls._by_value[value]
            except (KeyError, TypeError):
                raise ValueError(f"{value!r} is not a valid {cls.__name__}") from None

        def __iter__(cls):
            return iter(cls._by_value.values())

        def __contains__(cls, value):
            return value in cls._by_value

        def __reversed__(cls):
            return reversed(cls._by_value.values())

        def __len__(cls):
            return len(cls._by_value)

    def _repr(self):
        return f"<{self.__class__.__name__}.{self.name}: {self.value!r}>"

    class Choice(metaclass=_Choices):
        """The base of a class of words: `class Severity(str, Choice)`."""

        def __reduce_ex__(self, protocol):
            return self.__class__, (self.value,)

    class pattern:
        """As `re.compile(source, flags)`, compiled when it is first used."""

        __slots__ = ("_given", "findall", "finditer", "fullmatch", "match", "pattern", "search", "split", "sub")

        def __init__(self, source, flags=0):
            self._given = source, flags

        def __getattr__(self, name):
            import re

            compiled = re.compile(*self._given)
            for each in self.__slots__[1:]:
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)


def attribute(module: str, name: str) -> Any:
    """What a module has under this name; the module is imported when this is called, and not before."""
    return getattr(__import__(module, fromlist=[name]), name)


def sha256(data: bytes = b"") -> Hash:
    """As `hashlib.sha256`, for what is short: OpenSSL's takes 3 ms to import, and is faster for what is long."""
    if not _sha256:  # once: a worker has called this before it gave up its rights, and can look for nothing now
        try:
            _sha256.append(attribute("_sha256" if sys.version_info < (3, 12) else "_sha2", "sha256"))
        except ImportError:  # a Python that has OpenSSL's only
            _sha256.append(attribute("hashlib", "sha256"))
    return _sha256[0](data)
