"""joblib's raw arrays: bytes that stand between the opcodes of a pickle, skipped exactly or refused.

joblib's unpickler reads an array's bytes from the file whenever BUILD meets a `NumpyArrayWrapper`. A stand-in that
skips another number of bytes than joblib reads would judge another program than the one that runs, so everything about
a wrapper is exact here: made by NEWOBJ, given one state with known fields, of a dtype with a known size.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from safeload import limits
from safeload.parsers.facts import GapReason
from safeload.parsers.ledger import Refused
from safeload.parsers.standins import Inert, Named

# https://numpy.org/doc/stable/reference/arrays.dtypes.html: kinds whose size the name gives, and those that carry one.
_FIXED: Final = re.compile(r"[<>|=]?([biufc])(\d{1,2})")
_FLEXIBLE: Final = re.compile(r"[<>|=]?([SUVMm])(\d{1,9})")
_FIELDS: Final = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})
_HAS_OBJECTS: Final = 1  # NPY_ITEM_REFCOUNT
_NESTING: Final = 8  # dtypes within dtypes


class _NamedDtype(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> None:
        made.built = None
        made.spec = args[0] if args and type(args[0]) is str else None


class Dtype(Inert, metaclass=_NamedDtype):
    """What a `numpy.dtype` was called with, and the state that BUILD gave it; numpy pickles one in no other way."""

    __slots__ = ("built", "spec")

    spec: str | None
    built: Any

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        raise Refused("a dtype that was not made by a call")

    def __setstate__(self, state: Any) -> None:
        self.built = state


def item_size(dtype: Any, depth: int = _NESTING) -> int | None:
    """Bytes of one element; None for objects, which joblib pickles. Raises `Refused` when it cannot be told."""
    if not isinstance(dtype, Dtype) or dtype.spec is None or not depth:
        raise Refused("an array whose dtype is not a plain one")
    state = dtype.built
    if state is None:
        state = (3, "|", None, None, None, -1, -1, 0)
    if type(state) is not tuple or len(state) not in (8, 9) or state[0] != len(state) - 5 or type(state[7]) is not int:
        raise Refused("a dtype with an odd state")
    subarray, names, fields, stated = state[2:6]
    if subarray is not None or type(stated) is not int:
        raise Refused("a dtype of arrays within arrays")
    if dtype.spec in ("O8", "O", "|O") and names is None and fields is None and state[7] & _HAS_OBJECTS:
        return None
    if state[7] & _HAS_OBJECTS:
        raise Refused("a dtype that holds objects between other fields")
    if fields is not None or names is not None:
        return _structured(dtype.spec, names, fields, stated, depth)
    return _plain(dtype.spec, stated, built=dtype.built is not None)


def _plain(spec: str, stated: int, *, built: bool) -> int:
    fixed = _FIXED.fullmatch(spec)
    if fixed is not None or spec in ("?", "|b1"):
        return int(fixed[2]) if fixed is not None else 1
    flexible = _FLEXIBLE.fullmatch(spec)
    if flexible is None:
        raise Refused(f"a dtype {ascii(spec)[:40]} whose size is not known")
    size = int(flexible[2]) * (4 if flexible[1] == "U" else 1)
    # numpy believes the state's size for the kinds that carry one, and ignores it for all others.
    if flexible[1] in "SUV" and built and stated != size:
        raise Refused("a dtype with two sizes")
    return size


def _structured(spec: str, names: Any, fields: Any, stated: int, depth: int) -> int:
    """Named fields within `V` and a size; none of them may hold objects."""
    size = _plain(spec, stated, built=True)
    if not spec.lstrip("|").startswith("V") or type(fields) is not dict or type(names) is not tuple:
        raise Refused("a dtype with odd fields")
    for field in fields.values():
        if type(field) is not tuple or len(field) < 2 or type(field[1]) is not int:
            raise Refused("a dtype with odd fields")
        inner = item_size(field[0], depth - 1)
        if inner is None or not 0 <= field[1] <= size - inner:
            raise Refused("a dtype whose fields do not fit")
    return size


def wrapper(on_state: Callable[[Any], None]) -> type[Inert]:
    """The stand-in for `NumpyArrayWrapper` in one run; `on_state` skips its array's bytes."""

    class NamedWrapper(Named):
        def __call__(cls, *args: Any, **keywords: Any) -> Any:
            raise Refused("an array wrapper that was not made by NEWOBJ")

    class Wrapper(Inert, metaclass=NamedWrapper):
        __slots__ = ("_read",)

        _read: bool

        def __new__(cls, *args: Any, **keywords: Any) -> Any:
            if args or keywords:
                raise Refused("an array wrapper made with arguments")
            made = super().__new__(cls)
            made._read = False
            return made

        def __setstate__(self, state: Any) -> None:
            # joblib puts the array in the wrapper's place, so a second BUILD would meet something else there.
            if self._read:
                raise Refused("an array wrapper that is built twice")
            self._read = True
            on_state(state)

    return Wrapper


def length(state: Any) -> tuple[int | None, bool]:
    """Bytes of an array by its wrapper's state (None: a pickle follows), and whether padding comes before them."""
    if type(state) is not dict or not state.keys() <= _FIELDS or not state.keys() >= {"shape", "dtype"}:
        raise Refused("an array wrapper with an odd state")
    shape = state["shape"]
    if type(shape) is not tuple or not all(type(extent) is int and 0 <= extent < 1 << 48 for extent in shape):
        raise Refused("an array with an odd shape")
    alignment = state.get("numpy_array_alignment_bytes")
    if alignment is not None and type(alignment) is not int:
        raise Refused("an array with an odd alignment")
    size = item_size(state["dtype"])
    if size is None:
        return None, False
    for extent in shape:
        size *= extent
        if size > limits.INFLATED * 16:
            raise Refused("an array larger than any file that is read", reason=GapReason.LIMIT)
    return size, alignment is not None
