"""joblib's raw arrays: bytes that stand between the opcodes of a pickle, skipped exactly or refused.

joblib's unpickler reads an array's bytes from the file whenever BUILD meets a `NumpyArrayWrapper`. A stand-in that
skips another number of bytes than joblib reads would judge another program than the one that runs, so everything about
a wrapper is exact here: made by NEWOBJ, given one state with known fields, of a dtype with a known size.
"""

from __future__ import annotations

from safeload import limits
from safeload.lean import Any, Callable, Final
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.contents import Held
from safeload.parsers.pickles.dtypes import Dtype, settled
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.pickles.rawbytes import product
from safeload.parsers.pickles.standins import Inert, Named

_FIELDS: Final = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})
_NDARRAY: Final = frozenset({"filename", "subclass", "allow_mmap"})
_ZIPPED: Final = frozenset({"filename", "init_args", "state"})


def wrapper(on_state: Callable[[Any], Held | None]) -> type[Inert]:
    """The stand-in for `NumpyArrayWrapper` in one run; `on_state` skips its array's bytes."""

    class NamedWrapper(Named):
        def __call__(cls, *args: Any, **keywords: Any) -> Any:
            raise Refused("an array wrapper that was not made by NEWOBJ")

        def remade(cls) -> Any:
            raise Refused("an array wrapper that was not made by NEWOBJ")

    class Wrapper(Inert, metaclass=NamedWrapper):
        __slots__ = ("_read", "held")

        _read: bool
        held: Held | None

        def __new__(cls, *args: Any, **keywords: Any) -> Any:
            if args or keywords:
                raise Refused("an array wrapper made with arguments")
            made = super().__new__(cls)
            made._read, made.held = False, None
            return made

        def __setstate__(self, state: Any) -> None:
            # joblib puts the array in the wrapper's place, so a second BUILD would meet something else there.
            if self._read:
                raise Refused("an array wrapper that is built twice")
            self._read = True
            self.held = on_state(state)

        def __setitem__(self, key: Any, value: Any) -> None:
            raise Refused("an array that is changed")

    return Wrapper


def length(state: Any) -> tuple[int | None, bool]:
    """Bytes of an array by its wrapper's state (None: a pickle follows), and whether padding comes before them."""
    if type(state) is not dict or not state.keys() <= _FIELDS or not state.keys() >= {"shape", "dtype"}:
        raise Refused("an array wrapper with an odd state")
    shape = state["shape"]
    if product(shape) is None:
        raise Refused("an array with an odd shape")
    alignment = state.get("numpy_array_alignment_bytes")
    if alignment is not None and type(alignment) is not int:
        raise Refused("an array with an odd alignment")
    layout = settled(state["dtype"])
    if layout is None or layout.repeated:
        raise Refused("an array whose type is not as numpy writes it")
    if layout.objects:
        return None, False
    size = product(shape, layout.size)
    if size is None or size > limits.INFLATED * 16:
        raise Refused("an array larger than any file that is read", reason=GapReason.LIMIT)
    return size, alignment is not None


def kept(state: Any, raw: Callable[[], Any]) -> Held | None:
    """What an array holds. Its bytes are read only where somebody may ask for them."""
    dtype, subclass = state["dtype"], state.get("subclass")
    if not isinstance(dtype, Dtype) or not isinstance(subclass, Named):
        return None
    if (subclass.page.module, subclass.page.name) != ("numpy", "ndarray"):
        return None
    wanted = dtype.plain()[0][:1] in ("i", "u", "b") or dtype.fields() is not None
    return Held(shape=state["shape"], dtype=dtype, raw=raw() if wanted else None)


def sidecar(state: Any) -> str:
    """The file that an array of joblib before 0.10 lies in, by its wrapper's state: `.npy`, or bytes in `ZF` form."""
    if type(state) is not dict or not state.keys() <= _NDARRAY | _ZIPPED or type(state.get("filename")) is not str:
        raise Refused("a wrapper of another file with an odd state")
    name: str = state["filename"]
    if len(name) > limits.NAME:
        raise Refused("the name of another file that is too long", reason=GapReason.LIMIT)
    if state.keys() <= _NDARRAY:
        return name
    made, raw = state.get("init_args"), state.get("state")
    if state.keys() != _ZIPPED or type(made) is not tuple or len(made) != 3 or not isinstance(made[0], Named):
        raise Refused("a wrapper of another file with an odd state")
    # numpy believes this: bytes of the other file become elements of that type.
    if type(raw) is not tuple or len(raw) != 4:
        raise Refused("a wrapper of another file with an odd state")
    layout = settled(raw[2])
    if layout is None or layout.objects or product(raw[1]) is None:
        raise Refused("an array whose type is not as numpy writes it")
    return name
