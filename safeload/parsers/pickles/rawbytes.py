"""Byte strings as unpickling gives them, held against the extents of an array."""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.pickles.standins import Inert, Named

_DIMENSIONS: Final = 64


def product(shape: Any, size: int = 1) -> int | None:
    """Bytes of an array; None for a shape that is none, or that no memory holds."""
    if type(shape) is not tuple or len(shape) > _DIMENSIONS:
        return None
    for extent in shape:
        if type(extent) is not int or not 0 <= extent < 1 << 48:
            return None
        size *= extent
    return size


class Outside(bytearray):
    """A buffer that is not in the file: nothing is known of it but that it is one."""

    __slots__ = ()


def raw_size(value: Any) -> int | None:
    """Length of a byte string, in every form that unpickling gives one; None for anything else."""
    if type(value) is bytes or type(value) is str:
        return len(value)
    return value.size if isinstance(value, Raw) else None


class NamedRaw(Named):
    """Kinds of byte strings set `size` in `begin`."""

    def blank(cls) -> Any:
        made = super().blank()
        made.size, made.content = None, None
        return made


class Raw(Inert, metaclass=NamedRaw):
    """What a call that makes bytes returned: the protocols before 3 write byte strings so."""

    __slots__ = ("content", "size")

    size: int | None
    content: str | bytes | None
