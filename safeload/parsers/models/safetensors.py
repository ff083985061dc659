"""A safetensors header: strict JSON, dtypes with sizes, offsets that cover the data exactly."""

from __future__ import annotations

import json
import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.facts import Part, TensorFacts
from safeload.parsers.text import strict_pairs

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_BITS: Final = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
    "U16": 16,
    "I16": 16,
    "F16": 16,
    "BF16": 16,
    "U32": 32,
    "I32": 32,
    "F32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "C64": 64,
}


_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_NEGATIVE: Final = re.compile(r"-\d")


def read_part(reader: Reader, visit: Visit) -> Parts:
    return (Part(member=visit.member, format="safetensors", tensors=read(reader)),)


def read(reader: Reader) -> TensorFacts:
    """The header's facts. No byte of the tensors is read. Raises `Malformed`."""
    length = int.from_bytes(reader.read_at(0, 8), "little")
    if length > limits.HEADER:
        raise Malformed(f"a header of {length} bytes")
    header = _header(reader.read_at(8, length))
    metadata = _metadata(header.pop("__metadata__", {}))
    data = reader.size - 8 - length
    parameters: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        dtype, count, span = _tensor(name, entry)
        parameters[dtype] = parameters.get(dtype, 0) + count
        spans.append(span)
    _cover(sorted(spans), data)
    return TensorFacts(tensors=len(header), parameters=parameters, metadata=metadata)


def _header(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        header = json.loads(text, object_pairs_hook=strict_pairs, parse_constant=_none, parse_float=_none)
        if "\\u" in text:
            json.dumps(header, ensure_ascii=False).encode("utf-8")  # half a character: the library refuses it
        if "-" in text and _NEGATIVE.search(_STRING.sub("", text)):
            raise Malformed("a negative number")  # Python reads -0 as 0, the library does not read it
    except Malformed:
        raise
    except (ValueError, RecursionError) as error:
        raise Malformed("the header is not JSON") from error
    if not isinstance(header, dict):
        raise Malformed("the header is not an object")
    return header


def _none(text: str) -> Any:
    raise Malformed(f"a number that is none of a header: {ascii(text)[:40]}")


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Malformed("the metadata holds something else than strings")
    return value


def _tensor(name: str, entry: Any) -> tuple[str, int, tuple[int, int]]:
    """dtype, number of elements, span in the data."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise Malformed(f"tensor {ascii(name)[:80]} lacks a field, or has one too many")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _BITS if isinstance(dtype, str) else True:
        raise Malformed(f"tensor {ascii(name)[:80]} has a dtype that is not known: {ascii(dtype)[:40]}")
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise Malformed(f"tensor {ascii(name)[:80]} has an odd shape or odd offsets")
    count = 1
    for extent in shape:
        count *= extent
        if count > 1 << 62:
            raise Malformed(f"tensor {ascii(name)[:80]} has too many elements")
    bits = count * _BITS[dtype]
    if bits % 8 or bits // 8 != offsets[1] - offsets[0]:
        raise Malformed(f"tensor {ascii(name)[:80]} does not fit its offsets")
    return dtype, count, (offsets[0], offsets[1])


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 1 << 62 for item in value)


def _cover(spans: list[tuple[int, int]], size: int) -> None:
    at = 0
    for start, end in spans:
        if start != at:
            raise Malformed(f"tensors overlap, or leave a hole, at byte {min(at, start)} of the data")
        at = end
    if at != size:
        raise Malformed(f"the tensors cover {at} of {size} bytes")
