"""Stand-ins for what numpy's pickles call: they hold an array's type, shape and bytes against each other.

numpy's own functions trust the file: a list shorter than the shape is read beyond its end, and a second state frees
memory that something else may still use. What numpy does not write is `odd`, whatever else it may be.
"""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.facts import PickleRole
from safeload.parsers.pickles.contents import Held
from safeload.parsers.pickles.dtypes import Dtype, settled
from safeload.parsers.pickles.located import LARGE
from safeload.parsers.pickles.rawbytes import NamedRaw, Outside, Raw, product, raw_size
from safeload.parsers.pickles.sametype import same
from safeload.parsers.pickles.standins import Blank, Inert, InertMapping, Named

_WRAPPER: Final = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_LATIN: Final = ("latin1", "latin-1")


class _NamedArray(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made._filled, made._elements, made._type, made.held, made._plain = False, None, None, None, False
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made._plain = bool(args) and _is(args[0], "numpy", "ndarray")
        return len(args) == 3 and isinstance(args[0], Named) and args[1] == (0,) and raw_size(args[2]) == 1


class Array(Inert, metaclass=_NamedArray):
    """An array that a state fills, once."""

    __slots__ = ("_elements", "_filled", "_plain", "_type", "held")

    _filled: bool
    _plain: bool
    held: Held | None
    _elements: int | None
    _type: Any

    def __setstate__(self, state: Any) -> None:
        fits = not self._filled and self._agrees(state)
        self._filled = True
        page = type(self).page
        if fits and self._plain and isinstance(state[2], Dtype):
            self.held = Held(shape=state[1], dtype=state[2], raw=page.apart(_kept(state[2], state[4])))
        page.state((*state[:4], b"", *state[5:]) if fits and _large(state[2], state[4]) else state, odd=not fits)

    def _agrees(self, state: Any) -> bool:
        if type(state) is not tuple or len(state) != 5 or type(state[0]) is not int or state[0] != 1:
            return False
        _, shape, dtype, fortran, data = state
        if isinstance(dtype, Blank) and not isinstance(dtype, Dtype):
            # Made by a name that is judged itself, and that no state may follow. numpy reads a list without a look.
            return type(data) is not list or len(data) == product(shape)
        layout, count = settled(dtype), product(shape)
        if layout is None or layout.repeated or count is None or type(fortran) not in (bool, int):
            return False
        self._type, self._elements = dtype, count
        if layout.objects:
            return type(data) is list and len(data) == count
        fits = raw_size(data) == count * layout.size
        if fits and _large(dtype, data):
            type(self).page.numbers(data)
        return fits

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)  # no library does, and what was looked at would not hold any more

    def holds_one(self, dtype: Any) -> bool:
        return self._elements == 1 and self._type is dtype


class _NamedMasked(_NamedArray):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        return len(args) == 4 and all(isinstance(kind, Named) for kind in args[:2]) and args[2] == (0,)


class Masked(Array, metaclass=_NamedMasked):
    """An array with a mask, which numpy holds against the shape itself."""

    __slots__ = ()

    def _agrees(self, state: Any) -> bool:
        if type(state) is not tuple or len(state) != 7 or type(state[5]) is list:
            return False
        return super()._agrees((1, *state[1:5]))


def _large(dtype: Any, data: Any) -> bool:
    """Are these many numbers, or records of them? Text, and what has no type of its own, is looked at as a literal.

    So is what is short; a table of measurements can begin like anything.
    """
    many = type(data) in (bytes, bytearray) and len(data) >= LARGE
    return many and isinstance(dtype, Dtype) and not dtype.textual()


def _is(value: Any, module: str, name: str) -> bool:
    return isinstance(value, Named) and (value.page.module, value.page.name) == (module, name)


def _kept(dtype: Dtype, data: Any) -> Any:
    """The bytes of integers, and of records of numbers, and objects: what somebody may ask for."""
    return data if dtype.plain()[0][:1] in ("i", "u", "b", "O") or dtype.fields() is not None else None


class _NamedScalar(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        layout = settled(args[0]) if len(args) == 2 else None
        if layout is None or layout.repeated:
            return False
        if layout.objects:
            return _holds_one(args[1], args[0])
        return raw_size(args[1]) == layout.size


def _holds_one(value: Any, dtype: Any) -> bool:
    """numpy takes the first element of an array for the object, and refuses what is no array."""
    if isinstance(value, Array):
        return value.holds_one(dtype)
    if isinstance(value, Blank) and hasattr(value, "held"):
        held = value.held  # of what joblib puts in a wrapper's place: a pickle of its own
        return isinstance(held, Held) and product(held.shape) == 1 and same(held.dtype, dtype)
    return isinstance(value, Blank) and _is(type(value), *_WRAPPER)  # for a plain unpickler it stays a wrapper


class Scalar(Inert, metaclass=_NamedScalar):
    """One number: a type, and as many bytes as it takes."""

    __slots__ = ()


class _NamedView(Named):
    def __call__(cls, *args: Any, **keywords: Any) -> Any:
        made = cls.blank()
        fits = cls.begin(made, args)
        if fits and _large(args[1], args[0]):
            cls.page.numbers(args[0])
            args = (b"", *args[1:])
        cls.page.note(PickleRole.CALLED, args, keywords, odd=not fits)
        return made

    def blank(cls) -> Any:
        made = super().blank()
        made.held = None
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        layout = settled(args[1]) if len(args) in (4, 5) else None
        if layout is None or layout.objects or layout.repeated:
            return False
        held: Any = args[0].obj if type(args[0]) is memoryview else args[0]
        if type(held) is Outside:
            return product(args[2], layout.size) is not None  # what is not in the file is a gap, not a forgery
        fits = type(held) in (bytes, bytearray) and len(held) == product(args[2], layout.size)
        if fits:
            made.held = Held(shape=args[2], dtype=args[1], raw=cls.page.apart(_kept(args[1], held)))
        return fits


class View(Inert, metaclass=_NamedView):
    """An array over bytes, as protocol 5 writes it."""

    __slots__ = ("held",)

    held: Held | None

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)


class _NamedEncoded(NamedRaw):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        if len(args) == 2 and type(args[0]) is str and type(args[1]) is str and args[1] in _LATIN:
            made.size, made.content = len(args[0]), args[0]
        return True


class Encoded(Raw, metaclass=_NamedEncoded):
    """Bytes as protocols before 3 write them: text, to be encoded."""

    __slots__ = ()


class _NamedEmpty(NamedRaw):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.size = None if args else 0
        return True


class Empty(Raw, metaclass=_NamedEmpty):
    """The same for no bytes at all."""

    __slots__ = ()


class _NamedBytes(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.content = args[0] if len(args) == 1 else None if args else b""
        return not args or not isinstance(args[0], (Blank, InertMapping)) or isinstance(args[0], Raw)


class Bytes(Inert, metaclass=_NamedBytes):
    """A bytearray, in protocols before 3 of encoded text; it would iterate over any other object."""

    __slots__ = ("content",)

    content: Any

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)  # no library does, and what was looked at would not hold any more


class _NamedLoader(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        content = args[0].content if len(args) == 1 and isinstance(args[0], Raw) else args[0] if args else None
        raw = content.encode("latin-1") if type(content) is str else content
        if not isinstance(raw, (bytes, bytearray)):
            return False
        cls.page.embed(bytes(raw))
        return True


class Loader(Inert, metaclass=_NamedLoader):
    """What torch writes for a storage outside of its own files: such a file, as bytes."""

    __slots__ = ()


def _in_both(module: str, name: str) -> tuple[tuple[str, str], ...]:
    """numpy 2 renamed `numpy.core`."""
    return (f"numpy.core.{module}", name), (f"numpy._core.{module}", name)


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    ("numpy", "dtype"): Dtype,
    **dict.fromkeys(_in_both("multiarray", "_reconstruct"), Array),
    **dict.fromkeys(_in_both("multiarray", "scalar"), Scalar),
    ("numpy.ma.core", "_mareconstruct"): Masked,
    **dict.fromkeys(_in_both("numeric", "_frombuffer"), View),
    ("_codecs", "encode"): Encoded,
    ("torch.storage", "_load_from_bytes"): Loader,
    **dict.fromkeys((("builtins", "bytes"), ("__builtin__", "bytes")), Empty),
    **dict.fromkeys((("builtins", "bytearray"), ("__builtin__", "bytearray")), Bytes),
}
