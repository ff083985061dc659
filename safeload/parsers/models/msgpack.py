"""MessagePack, as Flax writes parameters and others write data: https://github.com/msgpack/msgpack/blob/master/spec.md.

Arrays stand in extensions of type 1 (flax/serialization.py). msgpack-numpy has maps with `nd` instead, and unpickles
those of kind `O`.
"""

from __future__ import annotations

from math import prod

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.facts import GapReason, Part, TensorFacts
from safeload.parsers.mentions import Mentions
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.structs import Cursor

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_NUMBERS: Final = {
    0xCA: "f", 0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD0: "b", 0xD1: "h", 0xD2: "i", 0xD3: "q",
}  # fmt: skip
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}
_TEXTS: Final = {0xD9: "B", 0xDA: "H", 0xDB: "I"}
_BYTES: Final = {0xC4: "B", 0xC5: "H", 0xC6: "I"}
_LISTS: Final = {0xDC: "H", 0xDD: "I"}
_MAPS: Final = {0xDE: "H", 0xDF: "I"}
_EXTENSIONS: Final = {0xC7: "B", 0xC8: "H", 0xC9: "I"}
_FIXED: Final = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_ARRAY, _COMPLEX, _SCALAR, _TIME = 1, 2, 3, -1
_WIDTHS: Final = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2, "int32": 4, "uint32": 4,
    "float32": 4, "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16, "float8_e4m3fn": 1,
    "float8_e5m2": 1, "float8_e4m3b11fnuz": 1, "int4": 1, "uint4": 1,
}  # fmt: skip
_KEPT: Final = 256  # bytes of a text or of bytes that are kept


def read(reader: Reader, visit: Visit) -> Parts:
    """The whole file, value by value; the bytes of arrays are passed over."""
    walk = _Walk(Cursor(reader, order=">", most=reader.size))
    walk.value(0, "")
    if walk.cursor.left:
        walk.found.add("anomaly", "data-behind-the-end", f"{walk.cursor.left:,} bytes")
    tensors = TensorFacts(tensors=walk.arrays, parameters=walk.parameters)
    return (Part(member=visit.member, format="msgpack", tensors=tensors, mentions=walk.found.all()),)


class _Walk:
    """One value after the other."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.found = Mentions()
        self.parameters: dict[str, int] = {}
        self.arrays = 0
        self._values = limits.MSGPACK_VALUES

    def value(self, depth: int, where: str) -> Any:
        """A number, a short text or short bytes; None for everything else, which is walked over."""
        self._values -= 1
        if depth > limits.MSGPACK_DEPTH or self._values < 0:
            raise Refused("values nested too deeply, or too many of them", reason=GapReason.LIMIT)
        mark: int = self.cursor.number("B")
        if mark < 0x80 or mark >= 0xE0:
            return mark if mark < 0x80 else mark - 0x100
        if mark in _NUMBERS:
            return self.cursor.number(_NUMBERS[mark])
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark <= 0x8F or mark in _MAPS:
            return self._map(mark & 0x0F if mark <= 0x8F else self.cursor.number(_MAPS[mark]), depth, where)
        if mark <= 0x9F or mark in _LISTS:
            return self._list(mark & 0x0F if mark <= 0x9F else self.cursor.number(_LISTS[mark]), depth, where)
        if mark <= 0xBF or mark in _TEXTS:
            raw = self._raw(mark & 0x1F if mark <= 0xBF else self.cursor.number(_TEXTS[mark]))
            return raw.decode("utf-8", "replace") if raw is not None else None
        if mark in _BYTES:
            return self._raw(self.cursor.number(_BYTES[mark]))
        if mark in _EXTENSIONS or mark in _FIXED:
            length = _FIXED[mark] if mark in _FIXED else self.cursor.number(_EXTENSIONS[mark])
            return self._extension(length, depth, where)
        raise Malformed(f"the byte {mark:#x} at offset {self.cursor.at - 1}, which begins nothing")

    def _raw(self, length: int) -> bytes | None:
        if length <= _KEPT:
            return self.cursor.bytes(length)
        self.cursor.skip(length)
        return None

    def _list(self, count: int, depth: int, where: str) -> list[Any] | None:
        items = [self.value(depth + 1, where) for _ in range(self._believed(count))]
        return items if count <= _KEPT else None

    def _map(self, count: int, depth: int, where: str) -> None:
        seen: dict[Any, Any] = {}
        for _ in range(self._believed(2 * count) // 2):
            key = self.value(depth + 1, where)
            name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
            if not isinstance(name, str | int):
                self.found.add("anomaly", "odd-key", where)
                name = None
            elif name in seen:
                self.found.add("anomaly", "duplicate-key", f"{where}/{name}")
            seen[name] = self.value(depth + 1, f"{where}/{name}"[-_KEPT:])
        if "nd" in seen and seen.get("kind") in (b"O", "O"):
            self.found.add("object-array", "nd", where)

    def _believed(self, count: int) -> int:
        if count > self.cursor.left:
            raise Malformed(f"{count:,} values at offset {self.cursor.at}, more than there are bytes")
        return count

    def _extension(self, length: int, depth: int, where: str) -> None:
        kind: int = self.cursor.number("b")
        end = self.cursor.at + length
        if kind in (_ARRAY, _SCALAR):
            self._array(depth, where)
        elif kind in (_COMPLEX, _TIME):
            self.cursor.skip(length)
        else:
            self.found.add("extension", str(kind), where)
            self.cursor.skip(length)
        if self.cursor.at != end:
            raise Malformed(f"an extension at offset {end - length} is not as long as it says")

    def _array(self, depth: int, where: str) -> None:
        """Shape, name of the type, bytes."""
        if self.cursor.number("B") != 0x93:
            raise Malformed(f"an array at offset {self.cursor.at} that is not three values")
        shape, dtype = self.value(depth + 1, where), self.value(depth + 1, where)
        if not isinstance(shape, list) or not all(type(one) is int and one >= 0 for one in shape):
            raise Malformed(f"an array with an odd shape at offset {self.cursor.at}")
        mark = self.cursor.number("B")
        if mark not in _BYTES:
            raise Malformed(f"an array without bytes at offset {self.cursor.at}")
        length: int = self.cursor.number(_BYTES[mark])
        self.cursor.skip(length)
        if dtype not in _WIDTHS:
            self.found.add("array-type", str(dtype), where)
        elif prod(shape) * _WIDTHS[dtype] != length:
            self.found.add("anomaly", "size-differs", where)
        self.arrays += 1
        self.parameters[str(dtype)] = self.parameters.get(str(dtype), 0) + prod(shape)
