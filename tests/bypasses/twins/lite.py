"""LiteRT: models whose buffers lie elsewhere, and operators that it does not have."""

from __future__ import annotations

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, load_delegate

CUSTOM = 32


def make(folder):
    (folder / "plain.tflite").write_bytes(model(inline()))
    (folder / "crashes.tflite").write_bytes(model(at(2**64 - 8, 16)))
    (folder / "reads.tflite").write_bytes(model(at(2**64 - 32, 34)))
    (folder / "custom.tflite").write_bytes(model(inline(), "Mine"))
    (folder / "flex.tflite").write_bytes(model(inline(), "FlexWriteFile"))


def inline():
    buffer = schema.BufferT()
    buffer.data = numpy.ones(4, "f4").view("u1")
    return buffer


def at(offset, size):
    buffer = schema.BufferT()
    buffer.offset, buffer.size = offset, size
    return buffer


def model(buffer, custom=None):
    """x + the buffer, or an operator of that name."""
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = CUSTOM if custom else 0
    code.customCode, code.version = custom, 1
    add = schema.OperatorT()
    add.opcodeIndex, add.inputs, add.outputs = 0, [0, 1], [2]
    if not custom:
        add.builtinOptionsType, add.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    graph = schema.SubGraphT()
    graph.tensors = [tensor("x", 0), tensor("c", 1), tensor("y", 0)]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [add]
    whole = schema.ModelT()
    whole.version, whole.operatorCodes, whole.subgraphs = 3, [code], [graph]
    whole.buffers = [schema.BufferT(), buffer]
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensor(name, buffer):
    made = schema.TensorT()
    made.name, made.shape, made.type, made.buffer = name, [4], 0, buffer
    return made


def use(folder, name):
    return _run(Interpreter(model_path=str(folder / name)))


def use_bytes(folder, name):
    """What the model computes from, where that is not in the file: memory in front of its bytes."""
    return _run(Interpreter(model_content=(folder / name).read_bytes()))


def _run(interpreter):
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(taken["index"], numpy.zeros(taken["shape"], taken["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(given["index"]).tobytes().hex()


def library(folder, name):
    load_delegate(str(folder / name))
