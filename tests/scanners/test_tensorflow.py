"""TensorFlow: graphs that read, write, speak and call; Keras models inside SavedModels."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.builders.protobufs import field, onnx_model, onnx_node, tf_function, tf_graph, tf_node, tf_saved_model
from tests.scanners.conftest import ids
from tests.scanners.test_keras import DENSE, built, model

Look = Callable[..., Report]
# relu(x), as TensorFlow 2.21 wrote it by `graph.as_graph_def().SerializeToString()`.
REAL = base64.b64decode(
    "ClgKAXgSC1BsYWNlaG9sZGVyKhsKFF91c2VyX3NwZWNpZmllZF9uYW1lEgMSAXgqCwoFZHR5cGUSAjABKhwKBXNoYXBlEhM6ERILCP////////"
    "///wESAggDChgKBFJlbHUSBFJlbHUaAXgqBwoBVBICMAEKIwoISWRlbnRpdHkSCElkZW50aXR5GgRSZWx1KgcKAVQSAjABIgMIqhM="
)
KEPT = [tf_node("Placeholder", "x"), tf_node("Const", "c"), tf_node("MatMul", "m"), tf_node("RestoreV2", "r")]


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def keras_object(config: object, identifier: str = "_tf_keras_layer") -> bytes:
    return field(1, field(4, field(1, identifier) + field(3, json.dumps(config))))


@pytest.mark.parametrize(
    ("op", "rule"),
    [
        ("WriteFile", "tensorflow-dangerous-operator"),
        ("ReadFile", "tensorflow-dangerous-operator"),
        ("PyFunc", "tensorflow-dangerous-operator"),
        ("EagerPyFunc", "tensorflow-dangerous-operator"),
        ("RpcCall", "tensorflow-dangerous-operator"),
        ("DebugIdentityV2", "tensorflow-dangerous-operator"),
        ("DatasetToTFRecord", "tensorflow-dangerous-operator"),
        ("FixedLengthRecordDataset", "tensorflow-unknown-operator"),
        ("MyCompiledOp", "tensorflow-unknown-operator"),
        ("", "tensorflow-unknown-operator"),
    ],
)
def test_an_operator_that_does_not_compute_is_found_in_every_place(op: str, rule: str, look: Look) -> None:
    inside = tf_graph(*KEPT, functions=tf_function("f", tf_node("Relu"), tf_node(op)))
    for data in (
        tf_graph(*KEPT, tf_node(op)),
        tf_saved_model(tf_graph(*KEPT, tf_node(op))),
        inside,
        tf_saved_model(inside),
        tf_saved_model(tf_graph(*KEPT)) + field(2, field(2, tf_graph(tf_node(op)))),
    ):
        assert ids(look(data, name="saved_model.pb").findings) == [rule]


def test_graphs_of_ordinary_operators_are_clean(look: Look) -> None:
    functions = tf_function("__inference_f_1", tf_node("Relu"), tf_node("SaveV2"))
    graph = tf_graph(*KEPT, tf_node("__inference_f_1"), tf_node("StatefulPartitionedCall"), functions=functions)
    for data in (REAL, graph, tf_saved_model(graph, asset="vocabulary.txt")):
        report = look(data, name="model.pb")
        assert is_clean(report), report
        assert report.results[0].format.startswith("tf-")


def test_a_fingerprint_is_numbers_and_nothing_else(look: Look) -> None:
    numbers = b"".join(field(one, 1 << 60) for one in range(1, 6))
    assert is_clean(look(numbers + field(6, field(1, 2)) + field(7, "397987"), name="fingerprint.pb"))
    assert not is_clean(look(numbers + field(8, "more"), name="fingerprint.pb"))


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b"])
def test_an_asset_outside_the_folder_is_found(path: str, look: Look) -> None:
    assert ids(look(tf_saved_model(tf_graph(*KEPT), asset=path)).findings) == ["tensorflow-asset-path"]


def test_a_keras_layer_with_bytecode_in_a_saved_model_is_found(look: Look) -> None:
    evil = built("Lambda", {"function": ["4wEAAABvcw==", None, None], "function_type": "lambda"}, None)
    objects = keras_object(built("Dense", {"units": 1}, None)) + keras_object(evil)
    assert "keras-lambda" in ids(look(tf_saved_model(tf_graph(*KEPT), objects=objects)).findings)
    assert is_clean(look(tf_saved_model(tf_graph(*KEPT), objects=keras_object(model(DENSE)))))

    def kept(config: object) -> bytes:
        node = field(2, 1) + field(3, "root.layer") + field(4, "_tf_keras_layer") + field(5, json.dumps(config))
        return field(1, field(1, field(1, 1)) + node)

    assert "keras-lambda" in ids(look(kept(DENSE) + kept(evil), name="keras_metadata.pb").findings)
    assert is_clean(look(kept(DENSE), name="keras_metadata.pb"))


def test_a_graph_that_is_cut_short_is_a_gap(look: Look) -> None:
    whole = tf_saved_model(tf_graph(*KEPT, tf_node("WriteFile")))
    for cut in (1, 5, 20):
        assert any(isinstance(result, Unscanned) for result in look(whole[:-cut]).results)
    broken = look(tf_graph(*KEPT, tf_node("WriteFile"), field(1, "n") + b"\x12\x7f"))
    assert ids(broken.findings) == ["tensorflow-dangerous-operator"]
    assert isinstance(broken.results[0], Unscanned)


def test_formats_of_one_wire_format_are_told_apart(look: Look) -> None:
    assert look(onnx_model(onnx_node("Relu"))).results[0].format == "onnx"
    rng = random.Random(3)
    for _ in range(60):
        data = rng.choice([b"\x08\x01", b"\x0a\x05", b"\x0a\x10"]) + rng.randbytes(60)
        assert not look(data).results[0].format.startswith("tf-")
