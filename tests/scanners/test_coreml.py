"""Core ML: classes of an application, other models, weights elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.builders.protobufs import field, onnx_model, onnx_node
from tests.scanners.conftest import ids

Look = Callable[..., Report]
DESCRIPTION = field(2, field(1, field(1, "x") + field(3, b"")) + field(100, field(3, "the author")))


def coreml(kind: int, content: bytes, *, version: int = 7) -> bytes:
    return field(1, version) + DESCRIPTION + field(kind, content)


def layer(*more: bytes) -> bytes:
    return field(1, field(1, "layer") + field(2, "x") + field(3, "y") + b"".join(more))


def program(*operations: bytes) -> bytes:
    block = field(3, field(1, "CoreML7") + field(2, b"".join(field(3, one) for one in operations)))
    return coreml(502, field(1, 1) + field(2, field(1, "main") + field(2, field(2, "CoreML7") + block)))


def constant(path: str) -> bytes:
    """An operation whose value lies in a file."""
    value = field(5, field(1, path) + field(2, 64))
    return field(1, "const") + field(5, field(1, "val") + field(2, value))


CUSTOM = layer(field(500, field(10, "MyLayer")))
RELU = layer(field(130, field(10, b"")))


@pytest.mark.parametrize("kind", [303, 403, 500])
def test_a_custom_layer_is_a_question_wherever_it_stands(kind: int, look: Look) -> None:
    inner = coreml(kind, RELU + CUSTOM)
    loop = coreml(kind, layer(field(615, field(4, CUSTOM))))
    branch = coreml(kind, layer(field(605, field(2, CUSTOM))))
    for data in (inner, loop, branch, coreml(202, field(1, inner)), coreml(200, field(1, field(1, inner)))):
        report = look(data, name="m.mlmodel")
        assert ids(report.findings) == ["coreml-custom-class"]
        assert "MyLayer" in report.findings[0].message


def test_custom_and_linked_models_are_questions(look: Look) -> None:
    assert ids(look(coreml(555, field(10, "MyModel"))).findings) == ["coreml-custom-class"]
    linked = field(1, field(1, field(1, "other")) + field(2, field(1, "/tmp")))
    assert ids(look(coreml(556, linked)).findings) == ["coreml-linked-model"]
    assert ids(look(coreml(3000, field(1, "kind") + field(2, b"x"))).findings) == ["coreml-linked-model"]


@pytest.mark.parametrize("path", ["/etc/passwd", "@model_path/../../secret", "../weight.bin"])
def test_weights_outside_the_package_are_found(path: str, look: Look) -> None:
    listed = field(1, "const") + field(
        2, field(2, field(1, field(2, field(3, field(3, field(1, field(5, field(1, path))))))))
    )
    for operation in (constant(path), listed):
        assert ids(look(program(operation), name="model.mlmodel").findings) == ["coreml-external-path"]


@pytest.mark.parametrize("path", ["../../other.mlmodel", "/tmp/other.mlmodel", "com.apple.CoreML/../../../x"])
def test_a_package_that_is_made_of_files_outside_is_found(path: str, look: Look) -> None:
    def manifest(path: str) -> bytes:
        items = {"a": {"author": "com.apple.CoreML", "name": "model.mlmodel", "path": path}}
        return json.dumps({"itemInfoEntries": items, "rootModelIdentifier": "a"}).encode()

    assert ids(look(manifest(path), name="Manifest.json").findings) == ["coreml-external-path"]
    assert not look(manifest("com.apple.CoreML/model.mlmodel"), name="Manifest.json").findings


def test_ordinary_models_are_clean(look: Look) -> None:
    relu = field(1, "relu") + field(2, field(1, "x") + field(2, field(1, field(1, "x"))))
    for data in (coreml(500, RELU), program(constant("@model_path/weights/weight.bin"), relu), coreml(900, b"")):
        report = look(data, name="m.mlmodel")
        assert not report.findings and not any(isinstance(result, Unscanned) for result in report.results)
        assert report.results[0].format == "coreml"
    assert look(onnx_model(onnx_node("Relu"))).results[0].format == "onnx"


def test_a_model_of_a_kind_that_nobody_knows_is_a_gap(look: Look) -> None:
    assert any(isinstance(result, Unscanned) for result in look(coreml(700, b"")).results)
