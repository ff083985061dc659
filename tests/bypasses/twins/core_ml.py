"""Core ML as coremltools reads it on Linux, where no model runs."""

from __future__ import annotations

import json
import shutil

import coremltools
import numpy
from coremltools.converters.mil import Builder
from coremltools.converters.mil.frontend.milproto.load import load as program_of
from coremltools.models import utils

WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"
MODEL = "Data/com.apple.CoreML/model.mlmodel"


def make(folder):
    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 64))])
    def program(x):
        return Builder.add(x=x, y=numpy.arange(64, dtype="f4").reshape(1, 64))

    precision = coremltools.precision.FLOAT32
    coremltools.convert(
        program, convert_to="mlprogram", compute_precision=precision, skip_model_load=True
    ).save(str(folder / "plain.mlpackage"))  # fmt: skip
    for name in ("item", "weights"):
        shutil.copytree(folder / "plain.mlpackage", folder / f"{name}.mlpackage")
    shutil.move(folder / "item.mlpackage" / MODEL, folder / "secret.mlmodel")
    manifest = folder / "item.mlpackage" / "Manifest.json"
    said = json.loads(manifest.read_text())
    said["itemInfoEntries"][said["rootModelIdentifier"]]["path"] = "../../secret.mlmodel"
    manifest.write_text(json.dumps(said))
    shutil.move(folder / "weights.mlpackage" / WEIGHTS, folder / "secret.bin")
    path = folder / "weights.mlpackage" / MODEL
    spec = coremltools.proto.Model_pb2.Model.FromString(path.read_bytes())
    for value in _values(spec):
        value.fileName = "@model_path/../../../../secret.bin"
    path.write_bytes(spec.SerializeToString())
    custom = coremltools.proto.Model_pb2.Model(specificationVersion=4)
    custom.neuralNetwork.layers.add(name="mine", input=["x"], output=["y"]).custom.className = "Mine"
    for name, side in (("x", custom.description.input), ("y", custom.description.output)):
        one = side.add(name=name)
        one.type.multiArrayType.shape.append(1)
        one.type.multiArrayType.dataType = 65568  # FLOAT32
    (folder / "custom.mlmodel").write_bytes(custom.SerializeToString())


def _values(spec):
    for function in spec.mlProgram.functions.values():
        for block in function.block_specializations.values():
            for operation in block.operations:
                for value in operation.attributes.values():
                    if value.WhichOneof("value") == "blobFileValue":
                        yield value.blobFileValue


def load(folder, name):
    """What kind of model it is."""
    return utils.load_spec(str(folder / name)).WhichOneof("Type")


def weights(folder, name):
    """The first numbers of the weights, as whoever compresses a model reads them."""
    model = coremltools.models.MLModel(str(folder / name), skip_model_load=True)
    spec = model.get_spec()
    program = program_of(spec, specification_version=spec.specificationVersion, file_weights_dir=model.weights_dir)
    return next(
        op.outputs[0].val.ravel()[:3].tolist() for op in program.functions["main"].operations if op.op_type == "const"
    )


def use(folder, name):
    return coremltools.models.MLModel(str(folder / name)).predict({"x": numpy.ones(1)})
