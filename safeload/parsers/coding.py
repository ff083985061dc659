"""Facts as JSON values, and back: how they pass between worker and parent.

A worker's reply is hostile too: `decode` checks every field's type and raises `Malformed`. A field that holds its
default is left out. A decoder is made once for each type, since a folder has thousands of small files.
"""

from __future__ import annotations

import sys
from functools import cache

from safeload.errors import Malformed
from safeload.lean import Any, Callable, Choice, Final

_Decoder = Callable[[Any], Any]
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_UNION: Final[Any] = type(int | None)
_NONE: Final = object()


def encode(value: Any) -> Any:
    """A facts object as JSON values."""
    kind = value.__class__
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [encode(item) for item in value]
    if kind is dict:
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, Choice):
        return value.value
    given = {}
    for name, default in _fields(kind):
        held = getattr(value, name)
        if held is not default and held != default:
            given[name] = held if held.__class__ in _PLAIN else encode(held)
    return given


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """Names with defaults; a field without one gets a default that nothing equals."""
    given = {name: one.default if one.factory is None else one.factory() for name, one in kind.__record__.items()}
    return tuple((name, given.get(name, _NONE)) for name in kind.__slots__)


def decode(kind: Any, value: Any) -> Any:
    """JSON values as an object of type `kind`; raises `Malformed` on anything that does not fit exactly."""
    return _decoder(kind)(value)


@cache
def _decoder(kind: Any) -> _Decoder:
    if kind.__class__ is _UNION:
        inner = _decoder(next(each for each in kind.__args__ if each is not type(None)))
        return lambda value: None if value is None else inner(value)
    origin: Any = getattr(kind, "__origin__", None)
    args: tuple[Any, ...] = getattr(kind, "__args__", ())
    if origin is tuple:
        return _many(_decoder(args[0])) if args[1:] == (Ellipsis,) else _several(tuple(map(_decoder, args)))
    if origin is dict:
        return _mapping(_decoder(args[1]))
    if isinstance(kind, type) and issubclass(kind, Choice):
        return _one_of(kind)
    if hasattr(kind, "__slots__"):
        return _record(kind)
    return _exactly(kind)


def _many(item: _Decoder) -> _Decoder:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise Malformed("expected a list")
        return tuple([item(one) for one in value])

    return read


def _several(items: tuple[_Decoder, ...]) -> _Decoder:
    def read(value: Any) -> Any:
        if value.__class__ is not list:
            raise Malformed("expected a list")
        if len(value) != len(items):
            raise Malformed("a list of the wrong length")
        return tuple([item(one) for item, one in zip(items, value, strict=True)])

    return read


def _mapping(item: _Decoder) -> _Decoder:
    def read(value: Any) -> Any:
        if value.__class__ is not dict:
            raise Malformed("expected an object")
        return {str(key): item(one) for key, one in value.items()}

    return read


def _one_of(kind: type[Choice]) -> _Decoder:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError as error:
            raise Malformed(f"not one of {kind.__name__}") from error

    return read


def _record(kind: Any) -> _Decoder:
    fields: dict[str, _Decoder] = {}

    def read(value: Any) -> Any:
        if not fields:  # not before: a type may hold itself
            fields.update({name: _decoder(_hint(kind, name)) for name in kind.__slots__})
        if value.__class__ is not dict or not value.keys() <= fields.keys():
            raise Malformed(f"not a {kind.__name__}")
        try:
            return kind(**{key: fields[key](one) for key, one in value.items()})
        except TypeError as error:
            raise Malformed(f"a {kind.__name__} lacks a field") from error

    return read


def _hint(kind: Any, name: str) -> Any:
    """What the annotation in our own class says, as `typing.get_type_hints` evaluates it."""
    return eval(kind.__annotations__[name], vars(sys.modules[kind.__module__]))  # noqa: S307


def _exactly(kind: type) -> _Decoder:
    def read(value: Any) -> Any:
        if value.__class__ is not kind:
            raise Malformed(f"expected {kind.__name__}, not {type(value).__name__}")
        return value

    return read
