"""What parsers say of bytes: plain facts, no opinions, and their form as JSON between worker and parent.

A worker's reply is hostile too: `decode` checks every field's type and raises `Malformed`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any

from safeload.errors import Malformed


class GapReason(str, Enum):
    """Why something was not read."""

    UNKNOWN_FORMAT = "unknown-format"
    MALFORMED = "malformed"  # truncated, contradictory, or not what it claims to be
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    LIMIT = "limit"  # memory, CPU time, depth, count or size
    CRASHED = "crashed"  # the worker died while reading it
    MISSING = "missing"  # named by an index or by the load, not there
    MISSING_DEPENDENCY = "missing-dependency"
    UNREADABLE = "unreadable"  # not a regular file, no permission
    UNREACHABLE = "unreachable"  # the source stopped delivering


class PickleRole(str, Enum):
    """What a stream does with a global that it names."""

    CALLED = "called"  # REDUCE, INST, OBJ
    CONSTRUCTED = "constructed"  # NEWOBJ, NEWOBJ_EX
    REFERENCED = "referenced"  # resolved, and only passed along
    TAMPERED = "tampered"  # BUILD, SETITEM, APPEND aimed at the global itself
    RESULT_CALLED = "result-called"  # what a call returned was called again
    STATED = "stated"  # BUILD aimed at an instance: one that was constructed, or what a call returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One way in which a stream uses a global; equal uses are counted, not repeated.

    `shape` holds one tag an argument: `str`, `int`, `float`, `bytes`, `bool`, `none`, `tuple`, `list`, `dict`, `set`,
    `global:module.name`, `result` (of a call), `persistent`, `other`, and `keywords` last where there are any; short
    strings also as `str:'latin1'`. For `tampered`, the first tag is the opcode (`str:'BUILD'`). For `stated` it is the
    tag of the state, or those of its items if it is a tuple of any other length than one. `odd` stands last where
    an array's type, shape and bytes, or a random number generator's numbers, do not agree as numpy writes them.
    `offset` is where the global's name first stands in the member, in bytes, -1 where it could not be told.
    `example` is the first call's arguments as escaped, shortened text.
    """

    module: str
    name: str
    role: PickleRole
    shape: tuple[str, ...] = ()
    count: int = 1
    offset: int = -1
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One pickle, from its first opcode to STOP. `offset` and `length` in bytes within its member."""

    offset: int
    length: int
    sha256: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickleFacts:
    """What running the streams on inert stand-ins showed. `reading` says which loader's rules were followed.

    `persistent` counts ids of torch's own shape, `odd_persistent` holds examples of any other.
    `leftover` is the number of bytes behind the last stream that no loader of this reading accounts for.
    `nested` counts pickles inside byte or string literals that were run too (their uses are in `uses`).
    """

    reading: str
    streams: tuple[Stream, ...] = ()
    uses: tuple[Use, ...] = ()
    persistent: int = 0
    odd_persistent: tuple[str, ...] = ()
    leftover: int = 0
    nested: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFacts:
    """A ZIP by its central directory. `anomalies` are codes with detail, e.g. `duplicate-member: data.pkl`."""

    members: int
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """Tensors by header. `parameters` by dtype; `tensors` is their number; `metadata` the header's own strings."""

    tensors: int
    parameters: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """Text that is valid UTF-8. `json` tells whether all of it parses as JSON.

    `anomalies` are codes with detail: `duplicate-key: 'auto_map'`, `too-deep`.
    """

    json: bool = False
    lines: int = 0
    anomalies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something that a file says, and that a loader of its format may act on.

    `kind` names what it is within the format (`keras-layer`, `external-data`, `op`), `text` is what stands there,
    whole where it decides, else shortened; `where` is the way to it in words of the format.
    """

    kind: str
    text: str
    where: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    reason: GapReason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An artifact, or a member of it (`member` names the way through nested containers).

    `format` is the one it was read as, `also` every other whose signature matches. Facts and gap may both be there:
    what was seen before reading failed is still evidence. `needs` is the kind of `parsers.external` that would read it.
    """

    member: tuple[str, ...] = ()
    format: str
    also: tuple[str, ...] = ()
    pickle: PickleFacts | None = None
    archive: ArchiveFacts | None = None
    tensors: TensorFacts | None = None
    text: TextFacts | None = None
    mentions: tuple[Mention, ...] = ()
    needs: str = ""
    gap: Gap | None = None


def encode(value: Any) -> Any:
    """A facts object as JSON values."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode(kind: Any, value: Any) -> Any:
    """JSON values as an object of type `kind`; raises `Malformed` on anything that does not fit exactly."""
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        inner = [a for a in typing.get_args(kind) if a is not type(None)]
        return None if value is None else decode(inner[0], value)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), value)
    if origin is dict:
        if not isinstance(value, dict):
            raise Malformed("expected an object")
        item = typing.get_args(kind)[1]
        return {str(key): decode(item, v) for key, v in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        try:
            return kind(value)
        except ValueError as error:
            raise Malformed(f"not one of {kind.__name__}") from error
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = _hints(kind)
        if not isinstance(value, dict) or not value.keys() <= hints.keys():
            raise Malformed(f"not a {kind.__name__}")
        try:
            return kind(**{key: decode(hints[key], v) for key, v in value.items()})
        except TypeError as error:
            raise Malformed(f"a {kind.__name__} lacks a field") from error
    if type(value) is not kind:
        raise Malformed(f"expected {kind.__name__}, not {type(value).__name__}")
    return value


def _decode_tuple(args: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Malformed("expected a list")
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(decode(args[0], item) for item in value)
    if len(args) != len(value):
        raise Malformed("a list of the wrong length")
    return tuple(decode(arg, item) for arg, item in zip(args, value, strict=True))
