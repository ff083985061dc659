"""onnxruntime."""

from __future__ import annotations

LOADERS = ("onnxruntime",)
DISTRIBUTION = "onnxruntime"
REQUIRES = ("onnxruntime",)
ATTACK = "weights that are to be read from another folder; onnxruntime refuses that itself"
PROTECTED = True


def make(folder, marker):
    import numpy
    import onnx
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [2], numpy.ones(2, dtype="f4").tobytes(), raw=True)
    if marker:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "../../secret"), ("length", "8")):
            entry = weights.external_data.add()
            entry.key, entry.value = key, value
        (folder.parent.parent / "secret").write_bytes(b"12345678")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "a.onnx").write_bytes(model.SerializeToString())
    if not marker:
        onnx.save_model(model, folder / "b.onnx", save_as_external_data=True, location="b.data", size_threshold=0)
    else:
        (folder / "b.onnx").write_bytes(model.SerializeToString())


def ways():
    import numpy
    import onnxruntime
    from onnxruntime import InferenceSession

    def used(session):
        return repr(session.run(None, {"x": numpy.ones(2, dtype="f4")})[0].tolist())

    return {
        "onnxruntime.InferenceSession": ("a.onnx", lambda path: used(onnxruntime.InferenceSession(path))),
        "onnxruntime.InferenceSession of bytes": (
            "a.onnx",
            lambda path: used(onnxruntime.InferenceSession(path.read_bytes())),
        ),
        "from onnxruntime import InferenceSession": ("a.onnx", lambda path: used(InferenceSession(str(path)))),
    }
