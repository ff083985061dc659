"""Core ML models: the classes of the application that they need, other models that they link to.

https://github.com/apple/coremltools/tree/main/mlmodel/format
"""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.models.protobuf import Inner, Schema, Text, Values, Walk, Wire
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_NETWORK: Final = {1: Inner("layer", "layer")}
_SCHEMA: Final[Schema] = {
    "model": {
        200: Inner("pipeline", "wrapper"),
        201: Inner("pipeline", "wrapper"),
        202: Inner("pipeline", "pipeline"),
        303: Inner("network", "network"),
        403: Inner("network", "network"),
        500: Inner("network", "network"),
        502: Inner("program", "program"),
        555: Inner("custom_model", "custom_model"),
        556: Inner("linked_model", "linked_model"),
        3000: Inner("serialized", "serialized"),
    },
    "wrapper": {1: Inner("pipeline", "pipeline")},
    "pipeline": {1: Inner("model", "model")},
    "network": _NETWORK,
    "layer": {
        1: Text("name"),
        500: Inner("custom", "custom_layer"),
        605: Inner("branch", "branch"),
        615: Inner("loop", "loop"),
    },
    "custom_layer": {10: Text("class_name")},
    "custom_model": {10: Text("class_name")},
    "loop": {3: Inner("condition", "network"), 4: Inner("body", "network")},
    "branch": {1: Inner("then", "network"), 2: Inner("else", "network")},
    "linked_model": {1: Inner("file", "linked_file")},
    "linked_file": {1: Inner("name", "parameter", kept=True), 2: Inner("path", "parameter", kept=True)},
    "parameter": {1: Text("default")},
    # ML Programs: functions, their specializations, operations in blocks.
    "program": {2: Inner("function", "function_entry")},
    "function_entry": {2: Inner("function", "function")},
    "function": {3: Inner("block", "block_entry")},
    "block_entry": {2: Inner("block", "block")},
    "block": {3: Inner("operation", "operation")},
    "operation": {
        1: Text("type"),
        2: Inner("input", "argument_entry"),
        4: Inner("block", "block"),
        5: Inner("attribute", "value_entry"),
    },
    "argument_entry": {2: Inner("argument", "argument")},
    "argument": {1: Inner("binding", "value_entry")},  # a binding's value has the number of an entry's value
    "value_entry": {2: Inner("value", "value")},
    "value": {3: Inner("immediate", "immediate"), 5: Inner("blob", "blob")},
    "immediate": {2: Inner("tuple", "values"), 3: Inner("list", "values")},
    "values": {1: Inner("value", "value")},
    "blob": {1: Text("file")},
    "serialized": {1: Text("identifier")},
}


def read(reader: Reader, visit: Visit) -> Parts:
    """One part: operations of programs, classes and other models that are named."""
    said = Mentions()

    def seen(name: str, values: Values, where: str) -> None:
        if name in ("custom_layer", "custom_model"):
            said.add("coreml-class", "".join(values.get("class_name", ())), where)
        elif name == "operation":
            said.add("coreml-op", "".join(values.get("type", ())), where)
        elif name == "blob":
            said.add("external-data", "".join(values.get("file", ())).removeprefix("@model_path/"), where)
        elif name == "serialized":
            said.add("coreml-serialized", "".join(values.get("identifier", ())), where)
        elif name == "linked_file":
            for key in ("name", "path"):
                for one in values.get(key, ()):
                    said.add("coreml-file", "".join(one.get("default", ())), where)

    gap = None
    try:
        Walk(Wire(reader), _SCHEMA, seen).message("model", 0, reader.size)
    except Malformed as error:
        gap = gap_of(error)
    return (Part(member=visit.member, format="coreml", mentions=said.all(), gap=gap),)
