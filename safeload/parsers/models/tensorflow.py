"""TensorFlow's graphs: SavedModel, a frozen graph by itself, the metadata that tf.keras keeps beside it.

https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core/protobuf
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models import keras
from safeload.parsers.models.protobuf import (
    Inner,
    Number,
    Schema,
    Text,
    Values,
    Walk,
    Wire,
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
