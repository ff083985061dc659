"""TensorFlow's graphs: SavedModel, a frozen graph by itself, the metadata that tf.keras keeps beside it.

https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf
"""

from __future__ import annotations

import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models import keras
from safeload.parsers.models.protobuf import (
    BYTES,
    VARINT,
    Field,
    Inner,
    Number,
    Schema,
    Text,
    Values,
    Walk,
    Wire,
    outline,
)
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_SCHEMA: Final[Schema] = {
    "saved_model": {1: Number("schema"), 2: Inner("meta_graph", "meta_graph")},
    "meta_graph": {2: Inner("graph", "graph"), 6: Inner("asset", "asset"), 7: Inner("objects", "objects")},
    "graph": {1: Inner("node", "node"), 2: Inner("library", "library")},
    "node": {1: Text("name"), 2: Text("op")},
    "library": {1: Inner("function", "function")},
    "function": {1: Inner("signature", "signature"), 3: Inner("node", "node")},
    "signature": {1: Text("function")},
    "asset": {2: Text("filename")},
    "objects": {1: Inner("object", "object")},
    "object": {4: Inner("user_object", "user_object"), 13: Text("registered_name")},
    "user_object": {1: Text("identifier"), 3: Text("metadata", most=limits.SMALL_FILE)},
    "metadata": {1: Inner("node", "keras_node")},
    "keras_node": {4: Text("identifier"), 5: Text("metadata", most=limits.SMALL_FILE)},
}
_ROOTS: Final = {"tf-saved-model": "saved_model", "tf-graph": "graph", "keras-metadata": "metadata"}
FINGERPRINT: Final = "tf-fingerprint"
_LOOK: Final = 64
_OP: Final = re.compile(r"[A-Za-z_][\w>]{0,200}")


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
    if head[:1] != b"\x08" or reader.size > _SMALL:
        return False
    found = outline(reader, _LOOK) or ()
    numbers = [one.number for one in found if one.wire == VARINT]
    rest = [one.number for one in found if one.wire == BYTES]
    return len(numbers) + len(rest) == len(found) and numbers == [1, 2, 3, 4, 5] and rest in ([], [6], [7], [6, 7])


_SMALL: Final = 1_000
_GRAPH: Final = {1: BYTES, 2: BYTES, 3: VARINT, 4: BYTES, 5: BYTES}


def _starting_with(number: int, head: bytes, reader: Reader) -> tuple[Field, ...] | None:
    return outline(reader, _LOOK) if head[:1] == bytes([number << 3 | BYTES]) else None


def _inner(reader: Reader, field: Field) -> tuple[Field, ...] | None:
    return outline(reader.window(field.start, field.size), _LOOK)


def read(reader: Reader, visit: Visit) -> Parts:
    """One part: operators, functions, assets, and what a Keras model in it names."""
    said = Mentions()
    seen = _Seen(said)
    gap = None
    if visit.kind == FINGERPRINT:
        return (Part(member=visit.member, format=visit.kind),)
    try:
        Walk(Wire(reader), _SCHEMA, seen).message(_ROOTS[visit.kind], 0, reader.size)
    except Malformed as error:
        gap = gap_of(error)
    return (Part(member=visit.member, format=visit.kind, mentions=said.all(), gap=gap),)


class _Seen:
    """What becomes of each message."""

    def __init__(self, said: Mentions) -> None:
        self._said = said

    def __call__(self, name: str, values: Values, where: str) -> None:
        if name == "node":
            self._said.add("tf-op", "".join(values.get("op", ())), "".join(values.get("name", ())))
        elif name == "signature":
            self._said.add("tf-function", "".join(values.get("function", ())), where)
        elif name == "asset":
            self._said.add("tf-asset", "".join(values.get("filename", ())), where)
        elif name == "object" and values.get("registered_name"):
            self._said.add("tf-registered", values["registered_name"][0], where)
        elif name in ("user_object", "keras_node"):
            for text in values.get("metadata", ()):
                if "".join(values.get("identifier", ())).startswith("_tf_keras") and text:
                    keras.say_text(text, self._said)
