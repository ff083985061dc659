"""GGUF: header, metadata, and where each tensor lies; no byte of a tensor is read.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Counts and lengths that were believed are how readers in C
were overrun (CVE-2024-21802, CVE-2024-21825, CVE-2024-21836, CVE-2024-23496, CVE-2024-23605).
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Any, Final, field, record
from safeload.parsers.facts import GapReason, Mention, Part, TensorFacts
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.purposes import TEMPLATE
from safeload.parsers.reader import Reader
from safeload.parsers.structs import Cursor
from safeload.parsers.visit import Parts, Visit

MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_STRING: Final = 8
_ARRAY: Final = 9
# struct codes of the plain types of values, by number.
_PLAIN: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_ALIGNMENT: Final = 32
_DIMENSIONS: Final = 4
# Elements and bytes of one block, by number of the type.
_TYPES: Final = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
}  # fmt: skip
_TEMPLATE: Final = "tokenizer.chat_template"
_KEPT: Final = ("general.", _TEMPLATE)


@record(slots=True)
class _Notes:
    """What is odd: a code, and what it is about."""

    found: list[Mention] = field(default_factory=list)

    def add(self, code: str, about: str) -> None:
        if len(self.found) < limits.ODDITIES:
            self.found.append(Mention(kind="anomaly", text=code, where=about[: limits.EVIDENCE]))


@record(frozen=True, slots=True, kw_only=True)
class _Tensor:
    name: str
    type: str
    elements: int
    offset: int
    bytes: int


def read(reader: Reader, visit: Visit) -> Parts:
    """The file, then the chat templates in it."""
    cursor, version = _start(reader)
    tensors, pairs = cursor.number("Q"), cursor.number("Q")
    if tensors > limits.GGUF_TENSORS or pairs > limits.GGUF_KEYS:
        raise Refused(f"{tensors:,} tensors and {pairs:,} keys", reason=GapReason.LIMIT)
    notes = _Notes()
    kept = _metadata(cursor, pairs, notes)
    found = [_tensor(cursor, notes) for _ in range(tensors)]
    _places(found, cursor.at, reader.size, _alignment(kept, notes), notes)
    parameters: dict[str, int] = {}
    for one in found:
        parameters[one.type] = parameters.get(one.type, 0) + one.elements
    templates = {key: value for key, value in kept.items() if key.startswith(_TEMPLATE)}
    shown = {key: value[: limits.EVIDENCE] for key, value in kept.items() if isinstance(value, str)}
    for key in templates:
        shown.pop(key, None)
    part = Part(
        member=visit.member,
        format="gguf",
        tensors=TensorFacts(tensors=tensors, parameters=parameters, metadata={**shown, "gguf.version": str(version)}),
        mentions=tuple(notes.found),
    )
    return (part, *_templates(templates, visit))


def _templates(found: dict[str, Any], visit: Visit) -> list[Part]:
    parts: list[Part] = []
    for key, value in found.items():
        if isinstance(value, str) and value:
            data = value.encode("utf-8", "surrogateescape")
            parts += visit.inside(Reader.of_bytes(data), key, purpose=TEMPLATE)
    return parts


def _start(reader: Reader) -> tuple[Cursor, int]:
    """Behind the version, in the order of bytes that makes it one."""
    if reader.read_at(0, 4) != MAGIC:
        raise Malformed("it does not begin as GGUF")
    for order in "<>":
        cursor = Cursor(reader, at=4, order=order, most=limits.HEADER)
        version = cursor.number("I")
        if version in _VERSIONS:
            return cursor, version
    version = Cursor(reader, at=4, order="<", most=limits.HEADER).number("I")
    raise Refused(f"GGUF of version {version} is not read in this version", reason=GapReason.UNKNOWN_FORMAT)


def _metadata(cursor: Cursor, pairs: int, notes: _Notes) -> dict[str, Any]:
    """The values that matter here; all others are walked over."""
    kept: dict[str, Any] = {}
    seen: set[str] = set()
    for _ in range(pairs):
        key = _text(cursor, limits.GGUF_KEY)
        if key in seen:
            notes.add("duplicate-key", key)
        seen.add(key)
        kind = cursor.number("I")
        value = _value(cursor, kind, 0)
        if not key.startswith(_KEPT):
            continue
        if kind != _STRING and key.startswith(_TEMPLATE) and not key.startswith(f"{_TEMPLATE}s"):
            notes.add("template-is-no-text", key)
        if kind != _ARRAY:
            # A key that stands twice: both templates are read, since readers differ in which they take.
            kept[f"{key} ({len(kept)})" if key in kept else key] = value
    return kept


def _text(cursor: Cursor, most: int) -> str:
    length = cursor.number("Q")
    if length > most:
        raise Malformed(f"a text of {length:,} bytes at offset {cursor.at - 8}")
    return cursor.bytes(length).decode("utf-8", "surrogateescape")


def _value(cursor: Cursor, kind: int, depth: int) -> Any:
    """A text or a number; None for an array, which is walked over."""
    if kind == _STRING:
        return _text(cursor, limits.GGUF_TEXT)
    if kind in _PLAIN:
        return cursor.number(_PLAIN[kind])
    if kind != _ARRAY:
        raise Malformed(f"a value of type {kind}, which there is not, at offset {cursor.at}")
    if depth >= limits.GGUF_DEPTH:
        raise Refused(f"arrays more than {limits.GGUF_DEPTH} deep", reason=GapReason.LIMIT)
    inner, count = cursor.number("I"), cursor.number("Q")
    if inner in _PLAIN:
        cursor.skip(count * cursor.width(_PLAIN[inner]))
        return None
    if count * 8 > cursor.left:
        raise Malformed(f"an array of {count:,} values at offset {cursor.at}, longer than the file")
    if inner == _STRING:
        for _ in range(count):
            cursor.skip(cursor.number("Q"))
    else:
        for _ in range(count):
            _value(cursor, inner, depth + 1)
    return None


def _alignment(kept: dict[str, Any], notes: _Notes) -> int:
    value = kept.get("general.alignment", _ALIGNMENT)
    if type(value) is int and 0 < value <= limits.MIB and value & (value - 1) == 0:
        return value
    notes.add("odd-alignment", ascii(value))
    return _ALIGNMENT


def _tensor(cursor: Cursor, notes: _Notes) -> _Tensor:
    name = _text(cursor, limits.GGUF_KEY)
    dimensions = cursor.number("I")
    if dimensions > _DIMENSIONS:
        raise Malformed(f"a tensor of {dimensions} dimensions at offset {cursor.at - 4}")
    shape = [cursor.number("Q") for _ in range(dimensions)]
    number, offset = cursor.number("I"), cursor.number("Q")
    elements = 1
    for extent in shape:
        elements *= extent
    if elements >= 1 << 62:
        notes.add("size-overflows", name)
    label, block, size = _TYPES.get(number, (f"type {number}", 0, 0))
    if not block:
        notes.add("unknown-type", f"{name}: {number}")
    elif (shape[0] if shape else 1) % block:
        notes.add("partial-block", name)
    length = -(-elements // block) * size if block else 0
    return _Tensor(name=name, type=label, elements=min(elements, 1 << 62), offset=offset, bytes=length)


def _places(found: list[_Tensor], end: int, size: int, alignment: int, notes: _Notes) -> None:
    """Every tensor lies within the file, at a place of its own, and nothing else does."""
    start = -(-end // alignment) * alignment
    seen: set[str] = set()
    at = 0
    for one in sorted(found, key=lambda tensor: (tensor.offset, tensor.bytes)):
        if one.name in seen:
            notes.add("duplicate-tensor", one.name)
        seen.add(one.name)
        if one.offset % alignment:
            notes.add("misaligned", one.name)
        if start + one.offset + one.bytes > size:
            notes.add("outside-the-file", one.name)
        if one.offset < at:
            notes.add("overlap", one.name)
        elif one.offset - at >= alignment:
            notes.add("hole", one.name)
        at = max(at, one.offset + one.bytes)
    known = all(one.bytes or not one.elements for one in found)
    if known and size > start and size - start - at >= max(alignment, _ALIGNMENT):
        notes.add("data-behind-the-end", f"{size - start - at:,} bytes")
