"""Formats that are Protocol Buffers, by the first fields of their messages."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final, pattern
from safeload.parsers.models.protobuf import BYTES, FIXED32, VARINT, Field, outline

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

PIECES: Final = range(1, 6)  # of SentencePiece: pieces, settings of the training, tables before and after, samples

_LOOK: Final = 64
_LOOK_COREML: Final = 16
_LOOK_PIECES: Final = 4
# Fields of ONNX's ModelProto by wire type. A graph is what makes it a model; writers put the fields in order of their
# numbers.
_ONNX: Final = {1: VARINT, 5: VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES)}
_COREML: Final = frozenset(
    [*range(200, 203), *range(300, 305), *range(400, 405), 500, 501, 502, 555, 556, 560, *range(600, 611), 900,
     *range(2000, 2007), 3000]
)  # fmt: skip
_PIECE: Final = {1: BYTES, 2: FIXED32, 3: VARINT}
_OP: Final = pattern(r"[A-Za-z_][\w>]{0,200}")
_GRAPH: Final = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}
_FINGERPRINT: Final = 1_000  # bytes; there are five numbers and a name


def onnx(head: bytes, reader: Reader) -> bool:
    """ir_version first, only fields of a model, among them a graph that is a message itself."""
    if head[:1] != b"\x08":
        return False
    found = outline(reader, _LOOK)
    if found is None or any(_ONNX.get(one.number) != one.wire for one in found):
        return False
    graph = next((one for one in found if one.number == 7), None)
    if graph is None or not 0 < found[0].value < 1_000:
        return False
    return graph.size == 0 or outline(reader.window(graph.start, graph.size), 1) is not None


def coreml(head: bytes, reader: Reader) -> bool:
    """A specification version, a description, and one kind of model behind them."""
    if head[:1] != b"\x08":
        return False
    found = outline(reader, _LOOK_COREML)
    if found is None or len(found) < 3 or not 0 < found[0].value < 100:
        return False
    if (found[1].number, found[1].wire) != (2, BYTES):
        return False
    if outline(reader.window(found[1].start, found[1].size), _LOOK_COREML) is None:
        return False
    rest = found[2:]
    kinds = [one for one in rest if (one.number, one.wire) != (10, VARINT)]
    return bool(kinds) and all(one.wire == BYTES and one.number in _COREML for one in kinds)


def saved_model(head: bytes, reader: Reader) -> bool:
    """A schema version of 1, then nothing but meta graphs, which are messages of messages."""
    if head[:2] != b"\x08\x01":
        return False
    found = outline(reader, _LOOK)
    if found is None or len(found) < 2 or any((one.number, one.wire) != (2, BYTES) for one in found[1:]):
        return False
    inner = _inner(reader, found[1])
    return bool(inner) and all(one.number <= 7 and one.wire == BYTES for one in inner or ())


def graph(head: bytes, reader: Reader) -> bool:
    """Nodes first: each has a name and an operator, and nothing that is not text or a message."""
    found = _starting_with(1, head, reader)
    if not found or any(_GRAPH.get(one.number) != one.wire for one in found):
        return False
    node = _inner(reader, found[0])
    if not node or any(one.number > 7 or one.wire != BYTES for one in node):
        return False
    names = {one.number: one for one in reversed(node)}
    if 1 not in names or 2 not in names or names[2].size > limits.EVIDENCE:
        return False
    at = found[0].start + names[2].start
    return _OP.fullmatch(reader.read_at(at, names[2].size).decode("utf-8", "replace")) is not None


def keras_metadata(head: bytes, reader: Reader) -> bool:
    """Nodes with a number, a path and an identifier of tf.keras."""
    found = _starting_with(1, head, reader)
    if not found or any((one.number, one.wire) != (1, BYTES) for one in found):
        return False
    names = {one.number: one for one in _inner(reader, found[0]) or ()}
    if 4 not in names or names[4].wire != BYTES or names[4].size < 9:
        return False
    return reader.read_at(found[0].start + names[4].start, 9) == b"_tf_keras"


def fingerprint(head: bytes, reader: Reader) -> bool:
    """Five numbers about a SavedModel, a version and a name; nothing that a loader acts on."""
    if head[:1] != b"\x08" or reader.size > _FINGERPRINT:
        return False
    found = outline(reader, _LOOK) or ()
    numbers = [one.number for one in found if one.wire == VARINT]
    rest = [one.number for one in found if one.wire == BYTES]
    return len(numbers) + len(rest) == len(found) and numbers == [1, 2, 3, 4, 5] and rest in ([], [6], [7], [6, 7])


def _starting_with(number: int, head: bytes, reader: Reader) -> tuple[Field, ...] | None:
    return outline(reader, _LOOK) if head[:1] == bytes([number << 3 | BYTES]) else None


def _inner(reader: Reader, field: Field) -> tuple[Field, ...] | None:
    return outline(reader.window(field.start, field.size), _LOOK)


def sentencepiece(head: bytes, reader: Reader) -> bool:
    """The first pieces are texts with a score."""
    if head[:1] != b"\x0a":
        return False
    found = outline(reader, _LOOK_PIECES)
    if not found or any(one.wire != BYTES or one.number not in PIECES for one in found):
        return False
    piece = outline(reader.window(found[0].start, found[0].size), _LOOK_PIECES) if found[0].number == 1 else None
    numbers = {one.number for one in piece or ()}
    return {1, 2} <= numbers and all(_PIECE.get(one.number) == one.wire for one in piece or ())
