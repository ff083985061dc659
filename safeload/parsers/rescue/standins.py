"""What a stream's names become when only its tensors are wanted: descriptions, and inert objects for all else."""

from __future__ import annotations

from safeload.lean import Any, Callable, Final
from safeload.parsers.refused import Refused

# safetensors' word and the bytes of an element, by what torch calls it; "" where safetensors has none.
DTYPES: Final[dict[str, tuple[str, int]]] = {
    "float64": ("F64", 8), "double": ("F64", 8), "float32": ("F32", 4), "float": ("F32", 4), "float16": ("F16", 2),
    "half": ("F16", 2), "bfloat16": ("BF16", 2), "int64": ("I64", 8), "long": ("I64", 8), "int32": ("I32", 4),
    "int": ("I32", 4), "int16": ("I16", 2), "short": ("I16", 2), "int8": ("I8", 1), "uint8": ("U8", 1),
    "uint16": ("U16", 2), "uint32": ("U32", 4), "uint64": ("U64", 8), "bool": ("BOOL", 1), "complex64": ("C64", 8),
    "cfloat": ("C64", 8), "complex128": ("", 16), "cdouble": ("", 16), "float8_e5m2": ("F8_E5M2", 1),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e8m0fnu": ("F8_E8M0", 1), "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1),
    "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1), "qint8": ("", 1), "quint8": ("", 1), "qint32": ("", 4),
}  # fmt: skip
STORAGES: Final = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8", "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32", "UntypedStorage": "uint8",
}  # fmt: skip


# What TorchScript puts around lists, so that they keep their type. torch/csrc/jit/serialization/pickler.cpp
_TAGS: Final = ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist", "restore_type_tag")


class Fixed:
    """What a stream may name, or is given, and may not change: BUILD would set its slots."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        raise Refused("it changes what describes tensors")


class Dtype(Fixed):
    """A type of numbers."""

    __slots__ = ("bytes", "name", "word")

    def __init__(self, name: str) -> None:
        self.name = name
        self.word, self.bytes = DTYPES[name]


class Kind(Fixed):
    """A class of storages."""

    __slots__ = ("dtype", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = Dtype(STORAGES[name])


class Held(Fixed):
    """What a persistent id stands for: a storage by its key, or a part of one (`start` and `count` in elements)."""

    __slots__ = ("count", "key", "kind", "start", "total")

    def __init__(self, kind: Kind, key: str, total: int, start: int, count: int) -> None:
        self.kind, self.key, self.total, self.start, self.count = kind, key, total, start, count


class Numbers(Fixed):
    """Numbers that lie in the file, by offset and length in bytes."""

    __slots__ = ("at", "dtype", "length", "swap")

    def __init__(self, at: int, length: int, dtype: Dtype, *, swap: bool = False) -> None:
        self.at, self.length, self.dtype, self.swap = at, length, dtype, swap


class View:
    """A tensor as the stream describes it; `odd` says why it cannot be kept."""

    __slots__ = ("dtype", "odd", "offset", "shape", "storage", "stride")

    def __init__(self, storage: Any, offset: Any, shape: Any, stride: Any, dtype: Any = None, odd: str = "") -> None:
        self.storage, self.offset, self.shape, self.stride, self.dtype = storage, offset, shape, stride, dtype
        self.odd = odd

    def __setstate__(self, state: Any) -> None:
        self.odd = "a tensor that is set again after it was made"


class Function(Fixed):
    """One of the functions of torch that are known to describe tensors."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)


class Named(type):
    """The type of every class that stands in for another name. What is aimed at the class itself is ignored."""

    page: str

    # Properties of the metaclass are found before what the class defines for its instances.
    @property
    def __getinitargs__(cls) -> tuple[()]:
        return ()

    @property
    def __setstate__(cls) -> Callable[..., None]:
        return _nothing

    append = extend = add = __setstate__

    def __setitem__(cls, key: Any, value: Any) -> None:
        return None


def _nothing(*args: Any) -> None:
    return None


class Unknown(metaclass=Named):
    """An instance of a class, or the result of a function, that is never looked up. Keeps the last state it got."""

    __slots__ = ("state",)

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        made = object.__new__(cls)
        made.state = None
        return made

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return type(self)()

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    append = extend = add = lambda self, items: None


def _is_pair(value: Any) -> bool:
    return type(value) in (list, tuple) and len(value) == 2


class Mapping(dict[Any, Any]):
    """An OrderedDict and the like: its items, and nothing of what else its state says."""

    __slots__ = ()
    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__

    def __init__(self, *args: Any) -> None:
        given: Any = args[-1] if args else ()
        if isinstance(given, dict) or (type(given) in (list, tuple) and all(_is_pair(one) for one in given)):
            super().__init__(given)

    def __setstate__(self, state: Any) -> None:
        return None


def named(module: str, name: str) -> Named:
    return Named("StandIn", (Unknown,), {"page": f"{module}.{name}", "__slots__": ()})


def _from_type(function: Any, kind: Any = None, args: Any = (), state: Any = None) -> Any:
    """A tensor of a subclass, or with attributes: the tensor itself is kept."""
    if type(function) is Function and type(args) is tuple:
        return function(*args)
    return _lost("a tensor that is made by a function which is not known")()


def _lost(why: str) -> Function:
    return Function(lambda *args: View(None, 0, (), (), odd=why))


def _rebuilt(storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any, dtype: Any = None) -> View:
    odd = storage.odd if isinstance(storage, View) else ""
    return View(storage, offset, shape, stride, dtype, odd)


def _parameter(data: Any = None, *rest: Any) -> Any:
    return data if type(data) is View else View(None, 0, (), (), odd="a parameter without a tensor")


def _same(value: Any = None, *rest: Any) -> Any:
    return value


def _size(*args: Any) -> Any:
    return tuple(args[0]) if args and type(args[0]) in (tuple, list) else ()


def _set(items: Any = ()) -> Any:
    return set(items) if type(items) in (list, tuple) else set()


def _reconstructed(kind: Any = None, *rest: Any) -> Any:
    if isinstance(kind, Named) or kind is Mapping:
        return kind()
    return None


KNOWN: Final[dict[tuple[str, str], Any]] = {
    ("torch._utils", "_rebuild_tensor"): Function(_rebuilt),
    ("torch._utils", "_rebuild_tensor_v2"): Function(_rebuilt),
    ("torch._utils", "_rebuild_tensor_v3"): Function(lambda s, o, n, t, g, h, d, *rest: _rebuilt(s, o, n, t, dtype=d)),
    ("torch._utils", "_rebuild_parameter"): Function(_parameter),
    ("torch._utils", "_rebuild_parameter_with_state"): Function(_parameter),
    ("torch.nn.parameter", "Parameter"): Function(_parameter),
    ("torch._tensor", "_rebuild_from_type"): Function(_from_type),
    ("torch._tensor", "_rebuild_from_type_v2"): Function(_from_type),
    ("torch._utils", "_rebuild_sparse_tensor"): _lost("a sparse tensor, which safetensors cannot hold"),
    ("torch._utils", "_rebuild_qtensor"): _lost("a quantised tensor, which safetensors cannot hold"),
    ("torch._utils", "_rebuild_nested_tensor"): _lost("a nested tensor, which safetensors cannot hold"),
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): _lost("a tensor without numbers (on the meta device)"),
    ("torch._utils", "_rebuild_device_tensor_from_numpy"): _lost("a tensor that is stored as an array of numpy"),
    ("torch._utils", "_rebuild_wrapper_subclass"): _lost("a tensor of a class that holds others"),
    ("torch.storage", "_load_from_bytes"): _lost("a storage within a literal of the pickle"),
    **{("torch.jit._pickle", name): Function(_same) for name in _TAGS},
    ("torch", "Size"): Function(_size),
    ("collections", "OrderedDict"): Mapping,
    **{(module, name): Function(_set) for module in ("builtins", "__builtin__") for name in ("set", "frozenset")},
    ("collections", "defaultdict"): Mapping,
    **{(module, "_reconstructor"): Function(_reconstructed) for module in ("copyreg", "copy_reg")},
    **{("torch", name): Dtype(name) for name in DTYPES},
    **{(module, name): Kind(name) for module in ("torch", "torch.cuda", "torch.storage") for name in STORAGES},
}
