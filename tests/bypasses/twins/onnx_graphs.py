"""onnxruntime and OpenVINO: ONNX whose weights lie elsewhere, and operators that a library brings."""

from __future__ import annotations

import importlib.util

import numpy


def use(folder, name):
    zeros = numpy.zeros(2, "f4")
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime

        return onnxruntime.InferenceSession(str(folder / name)).run(None, {"x": zeros})[0].tobytes().decode("latin-1")
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(core.read_model(str(folder / name)), "CPU")
    return compiled(zeros)[0].tobytes().decode("latin-1")


def library(folder, name):
    """What a model's own instructions have a person do for it."""
    if importlib.util.find_spec("onnxruntime"):
        import onnxruntime

        onnxruntime.SessionOptions().register_custom_ops_library(str(folder / name))
    else:
        import openvino

        openvino.Core().add_extension(str(folder / name))


def graph(folder, name):
    """A graph of OpenVINO's own: what it computes from zeros, and its name."""
    import openvino

    core = openvino.Core()
    model = core.read_model(str(folder / name))
    return core.compile_model(model, "CPU")(numpy.zeros((1, 4), "f4"))[0].tolist(), model.friendly_name


def make(folder):
    """A graph as OpenVINO writes it, and others that differ in one place."""
    import openvino
    from openvino import opset13 as ops

    x = ops.parameter([1, 4], numpy.float32, name="x")
    sums = ops.add(x, ops.constant(numpy.ones((1, 4), "f4")))
    openvino.save_model(openvino.Model([sums], [x], "sample"), str(folder / "plain.xml"), compress_to_fp16=False)
    text = (folder / "plain.xml").read_text()
    weights = (folder / "plain.bin").read_bytes()
    entity = f'<?xml version="1.0"?><!DOCTYPE net [<!ENTITY a SYSTEM "file://{folder}/secret">]>'
    place = 'offset="0" size="16"'
    others = {
        "negative": text.replace(place, 'offset="-8" size="16"'),
        "wraps": text.replace(place, f'offset="{2**64 - 8}" size="16"'),
        "extension": text.replace('type="Add" version="opset1"', 'type="Mine" version="extension"'),
        "entity": text.replace('<?xml version="1.0"?>', entity).replace('name="sample"', 'name="&a;"'),
    }
    for name, other in others.items():
        assert other != text
        (folder / f"{name}.xml").write_text(other)
        (folder / f"{name}.bin").write_bytes(weights)
