"""An ONNX model: which operators it uses, which other files it names.

https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models.protobuf import Inner, Number, Schema, Text, Values, Walk, Wire
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_GRAPH: Final = {
    1: Inner("node", "node"),
    5: Inner("initializer", "tensor"),
    15: Inner("sparse_initializer", "sparse"),
}
_SCHEMA: Final[Schema] = {
    "model": {
        7: Inner("graph", "graph"),
        8: Inner("opset_import", "opset"),
        20: Inner("training_info", "training"),
        25: Inner("functions", "function"),
    },
    "graph": _GRAPH,
    "node": {4: Text("op_type"), 5: Inner("attribute", "attribute"), 7: Text("domain")},
    "attribute": {
        5: Inner("t", "tensor"),
        6: Inner("g", "graph"),
        10: Inner("tensors", "tensor"),
        11: Inner("graphs", "graph"),
        22: Inner("sparse_tensor", "sparse"),
        23: Inner("sparse_tensors", "sparse"),
    },
    "tensor": {13: Inner("external_data", "entry", kept=True), 14: Number("data_location")},
    "sparse": {1: Inner("values", "tensor"), 2: Inner("indices", "tensor")},
    "entry": {1: Text("key"), 2: Text("value")},
    "opset": {1: Text("domain"), 2: Number("version")},
    "function": {
        1: Text("name"),
        7: Inner("node", "node"),
        9: Inner("opset_import", "opset"),
        10: Text("domain"),
        11: Inner("attribute", "attribute"),
    },
    "training": {1: Inner("initialization", "graph"), 2: Inner("algorithm", "graph")},
}


def read(reader: Reader, visit: Visit) -> Parts:
    """One part; the bytes of tensors are skipped."""
    said = Mentions()

    def seen(name: str, values: Values, where: str) -> None:
        if name == "node":
            domain = "".join(values.get("domain", ()))
            said.add("onnx-op", f"{domain}:{''.join(values.get('op_type', ()))}", where)
        elif name == "function":
            said.add("onnx-function", f"{''.join(values.get('domain', ()))}:{''.join(values.get('name', ()))}", where)
        elif name == "tensor" and values.get("external_data"):
            for text in _locations(values):
                said.add("external-data", text, where)

    gap = None
    try:
        Walk(Wire(reader), _SCHEMA, seen).message("model", 0, reader.size)
    except Malformed as error:
        gap = gap_of(error)
    return (Part(member=visit.member, format="onnx", mentions=said.all(), gap=gap),)


def _locations(values: Values) -> list[str]:
    """Where a tensor's bytes are; readers differ about a key that stands twice, so all count."""
    found = [entry for entry in values["external_data"] if "".join(entry.get("key", ())) == "location"]
    return ["".join(entry.get("value", ())) for entry in found] or [""]
