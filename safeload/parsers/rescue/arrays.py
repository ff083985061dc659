"""What numpy's names become when only numbers are wanted: descriptions of arrays, by where their bytes lie."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable, Final
from safeload.parsers.pickles.rawbytes import product
from safeload.parsers.rescue.standins import Dtype, Function, Numbers, View

if TYPE_CHECKING:
    from safeload.parsers.rescue.literals import Literals

# Torch's names for numpy's. https://numpy.org/doc/stable/reference/arrays.dtypes.html
_TYPES: Final = {
    "f8": "float64", "f4": "float32", "f2": "float16", "i8": "int64", "i4": "int32", "i2": "int16", "i1": "int8",
    "u8": "uint64", "u4": "uint32", "u2": "uint16", "u1": "uint8", "b1": "bool", "c8": "complex64", "c16": "complex128",
}  # fmt: skip
_CANNOT: Final = "which safetensors cannot hold"
OBJECTS: Final = "an array of Python objects"


class Type:
    """A dtype of numpy: made by a call, given one state."""

    __slots__ = ("given", "name", "odd", "swap")

    def __init__(self, name: Any = None, *flags: Any) -> None:
        self.name = name if type(name) is str else "?"
        self.given, self.swap, self.odd = False, False, self.name not in _TYPES

    def __setstate__(self, state: Any) -> None:
        fits = type(state) is tuple and len(state) >= 5 and state[1] in ("<", ">", "=", "|")
        self.odd = self.odd or self.given or not fits or any(one is not None for one in state[2:5])
        self.given, self.swap = True, fits and state[1] == ">"


class Array(View):
    """An array that a state fills, once."""

    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:  # NEWOBJ calls nothing else
        made = object.__new__(cls)
        View.__init__(made, None, 0, (), (), odd="an array of numpy that nothing fills")
        return made

    def __init__(self, *args: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.odd = "an array of numpy that is set in a way which numpy does not"

    def fill(self, kind: Any, shape: Any, fortran: bool, place: Callable[[int], int]) -> None:
        """`place` gives where as many bytes of it lie, if it is one that can be kept."""
        name = kind.name if isinstance(kind, Type) else "?"
        if not isinstance(kind, Type) or kind.odd:
            self.odd = OBJECTS if name == "O8" else f"an array of numpy's {ascii(name)[1:-1][:20]}, {_CANNOT}"
            return
        dtype = Dtype(_TYPES[name])
        size = product(shape, dtype.bytes)
        if size is None:
            raise Malformed("an array with an odd shape")
        self.storage = Numbers(place(size), size, dtype, swap=kind.swap)
        self.shape, self.stride, self.odd = shape, _strides(shape, fortran), ""


def _strides(shape: tuple[int, ...], fortran: bool) -> tuple[int, ...]:
    steps, step = [], 1
    for extent in shape if fortran else reversed(shape):
        steps.append(step)
        step *= max(extent, 1)
    return tuple(steps) if fortran else tuple(reversed(steps))


def special(literals: Literals) -> dict[tuple[str, str], Any]:
    """The names of one file that have a meaning because the bytes of its literals lie there as they are."""

    class Filled(Array):
        __slots__ = ()

        def __setstate__(self, state: Any) -> None:
            if self.storage is not None or type(state) is not tuple or len(state) != 5:
                super().__setstate__(state)
                return
            _, shape, kind, fortran, content = state
            self.fill(kind, shape, bool(fortran), lambda size: _found(literals, content, size))

    def over(content: Any = None, kind: Any = None, shape: Any = None, order: Any = "C", *rest: Any) -> Array:
        made: Array = Array()
        made.fill(kind, shape, order == "F", lambda size: _found(literals, content, size))
        return made

    known: dict[tuple[str, str], Any] = {("numpy", "dtype"): Function(Type)}
    for home in ("numpy.core", "numpy._core"):
        known[f"{home}.multiarray", "_reconstruct"] = Function(lambda *args: Filled())
        known[f"{home}.multiarray", "scalar"] = Function(lambda *args: "a number of numpy")
        known[f"{home}.numeric", "_frombuffer"] = Function(over)
    return known


def _found(literals: Literals, content: Any, size: int) -> int:
    at, length = literals.find(content)
    if length != size:
        raise Malformed(f"an array of {size:,} bytes that is given {length:,}")
    return at
