"""A small ordinary file of each kind that is read, to start from."""

from __future__ import annotations

import base64
import bz2
import gzip
import json
import lzma
import pickle
import random
import zlib
from collections.abc import Iterator
from typing import Final

from tests.builders import bundles, checkpoints, flatbuffers, ggufs, protobufs, tars
from tests.builders import opcodes as op
from tests.builders.protobufs import field
from tests.builders.zips import Member, archive
from tests.fuzz import beside
from tests.fuzz.streams import stream

_PLAIN = pickle.dumps({"a": [1, 2.5, "x"]}, protocol=2)
_JSON = json.dumps({"auto_map": {"AutoModel": "m.M"}, "chat_template": "{{ messages }}"}).encode()
_CODE = b"import os\nx = [os.path.join(a, 'b') for a in ()]\n"
_SCRIPT = (
    b"class M(Module):\n  __parameters__ = []\n  def forward(self, x: Tensor) -> Tensor:\n    return torch.relu(x)\n"
)
_EXPORTED = {"graph_module": {"graph": {"nodes": [{"target": "torch.ops.aten.relu.default", "inputs": []}]}}}
_NODES: Final = "left_child=-1\nright_child=-2\nsplit_feature=0\nthreshold=0.5\ndecision_type=2\n"
_LIGHTGBM = "tree\nversion=v4\nmax_feature_idx=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\n" + _NODES
_COLUMNS: Final = ("left_children", "right_children", "parents", "split_indices", "split_type", "split_conditions")
# A dataset of one number and an attribute, as h5py wrote them.
_HDF5: Final = zlib.decompress(
    base64.b64decode(
        "eNrr9HBx4+WS4mIAAQ4OBhYGAQZk8B8Knoii8mHyCVCaEUp3QOkVTDBxZrCcBFRcAGp+DSuEnwEVDwlydQWp/o8GYPYYsEBoDoZRMBKBh6tjAIiO"
        "gKcjCDjBhKquHC09elBoLyMDK8QsRhgfkpIZGRlR7IHRzEB5EFtQQZ4BkmQVGMQ5GMTrofKswBQMkmdiYmKEpGeIecyMFdAcwYLmgo5BFQ/Bfv4u"
        "jEAfwPKhAvNo2iQPNNgLQlMxepnJA021jAx8DCLAkM5OLUosji9LLSrOzM8DiksC054ANA8wIpWKyGnxCSuC7e7s78OIlGnQ06wxmstu8I/GzigY"
        "BaNgFIyCUTAKRsEoGAWjYBSMglEw1AAAMn85Zg=="
    )
)


def all_kinds() -> Iterator[bytes]:
    rng = random.Random(0)
    for _ in range(40):
        yield stream(rng)
    yield from samples().values()


def samples() -> dict[str, bytes]:
    """By the kind that `parsers.registry` reads; a kind that only a container knows is in that container."""
    tensor = {"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}
    return {
        "pickle": _PLAIN,
        "pickle-like": pickle.dumps({"a": [1, "x"]}, protocol=0),
        "zip": _zip({"a.npy": npy(), "b/c.txt": b"text"}),
        "torch-zip": checkpoints.torch_zip(op.proto(2) + op.EMPTY_DICT + op.STOP),
        "torch-legacy": checkpoints.torch_legacy(op.proto(2) + op.EMPTY_DICT + op.STOP),
        "torch-tar": tars.torch_tar(b"\x80\x02}."),
        "torchscript": _zip(
            {"m/data.pkl": b"\x80\x02}.", "m/constants.pkl": b"\x80\x02).", "m/code/__torch__.py": _SCRIPT}
        ),
        "pt2-program": _zip({"m/archive_format": b"pt2", "m/models/model.json": json.dumps(_EXPORTED).encode()}),
        "safetensors": checkpoints.safetensors(tensor, bytes(4)),
        "npy": npy(),
        "tar": tars.tar(tars.member("a.pkl", _PLAIN), tars.member("b.yaml", b"a: 1\n")),
        "joblib-compat": b"ZF" + hex(len(_PLAIN)).ljust(19).encode() + zlib.compress(_PLAIN),
        "text": _JSON,
        "python": _CODE,
        "template": b"{% for m in messages %}{{ m.role }}{% endfor %}",
        "confection": b"[nlp]\nlang = \"en\"\npipeline = []\n[nlp.tokenizer]\n@tokenizers = \"spacy.Tokenizer.v1\"\n",
        "yaml": b"_target_: nemo.Model\nitems: &a [1, 2]\nmore: *a\n",
        **_compressed(),
        **_weights(),
        **_graphs(),
        **beside.samples(),
    }  # fmt: skip


def _compressed() -> dict[str, bytes]:
    return {
        "gzip": gzip.compress(_PLAIN),
        "bz2": bz2.compress(_PLAIN),
        "xz": lzma.compress(_PLAIN),
        "lzma": lzma.compress(_PLAIN, format=lzma.FORMAT_ALONE),
        "zlib": zlib.compress(_PLAIN),
        # An uncompressed block each, as lz4 and zstd write what does not get smaller; a 7z without members.
        "lz4": b"\x04\x22\x4d\x18\x60\x40\x82" + (len(_PLAIN) | 1 << 31).to_bytes(4, "little") + _PLAIN + bytes(4),
        "zstd": b"\x28\xb5\x2f\xfd\x20" + bytes([len(_PLAIN)]) + (len(_PLAIN) << 3 | 1).to_bytes(3, "little") + _PLAIN,
        "7z": b"7z\xbc\xaf\x27\x1c\0\x04\x8d\x9b\xd5\x0f" + bytes(20),
    }


def _weights() -> dict[str, bytes]:
    pairs = [ggufs.pair("general.architecture", ggufs.STRING, ggufs.text("llama")), ggufs.chat("{{ messages }}")]
    table = flatbuffers.file(flatbuffers.table({0: 1}), b"")
    root = table + b"FlabuffersModel_v1\0\0"
    return {
        "gguf": ggufs.gguf(pairs, [ggufs.tensor("w", (8,))], bytes(32)),
        "msgpack": b"\x82\xa6params\x81\xa1w\xc7\x15\x01\x93\x91\x02\xa7float32\xc4\x08" + bytes(8) + b"\xa4step\x07",
        "ubjson": b"{" + _ubjson(_xgboost()),
        "xgboost": json.dumps(_xgboost()).encode(),
        "lightgbm": (_LIGHTGBM + "leaf_value=0.1 0.2\n\nend of trees\n").encode(),
        "catboost": b"CBM1" + len(root).to_bytes(4, "little") + root,
        "hdf5": _HDF5,
        "coreml-weights": bundles.blob(bytes(32), bytes(10)),
        "tf-bundle": bundles.index([("a", 0, 0, 48), ("b", 0, 48, 16)]),
    }


def _graphs() -> dict[str, bytes]:
    graph = protobufs.tf_graph(protobufs.tf_node("Const", "c"), protobufs.tf_node("MatMul", "m"))
    layer = '<layer id="0" name="x" type="Parameter" version="opset1"><data shape="1"/></layer>'
    description = field(2, field(1, field(1, "x") + field(3, b"")))
    keras = json.dumps({"class_name": "Dense", "module": "keras.layers", "config": {"units": 1}})
    saved = field(1, 1) + field(3, "root") + field(4, "_tf_keras_network") + field(5, keras)
    return {
        "onnx": protobufs.onnx_model(protobufs.onnx_node("Relu"), more=protobufs.onnx_external("w.bin")),
        "coreml": field(1, 7) + description + field(500, field(1, field(1, "l") + field(130, field(10, b"")))),
        "tflite": flatbuffers.tflite({0: 3, 3: 3}, {0: 32, 1: "Custom", 3: 32}, files=("w.bin",)),
        "executorch": flatbuffers.executorch(("aten::add",), ("XnnpackBackend",)),
        "tf-saved-model": protobufs.tf_saved_model(graph, asset="vocabulary.txt"),
        "tf-graph": graph,
        "keras-metadata": field(1, saved),
        "tf-fingerprint": b"".join(field(one, 1 << 60) for one in range(1, 6)),
        "keras": _zip({"metadata.json": b'{"keras_version": "3"}', "config.json": keras.encode()}),
        "openvino": f'<?xml version="1.0"?><net name="m" version="11"><layers>{layer}</layers></net>'.encode(),
        "native": b"\x7fELF\x02\x01\x01" + bytes(64),
    }


def npy() -> bytes:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


def _zip(members: dict[str, bytes]) -> bytes:
    return archive(Member(name=name, data=data) for name, data in members.items())


def _xgboost() -> dict[str, object]:
    """One tree that is a leaf."""
    tree = {**{name: [-1] if name != "split_type" else [0] for name in _COLUMNS}, "tree_param": {"num_nodes": "1"}}
    booster = {"name": "gbtree", "model": {"trees": [tree], "tree_info": [0]}}
    return {"learner": {"gradient_booster": booster, "learner_model_param": {"num_feature": "1"}}, "version": [2, 1, 0]}


def _ubjson(value: object) -> bytes:
    """What follows the mark of a value; marks of a kind of its own for each value, as XGBoost writes them."""
    if isinstance(value, dict):
        pairs = (_length(key) + _marked(one) for key, one in value.items())
        return b"".join(pairs) + b"}"
    if isinstance(value, list):
        return b"".join(map(_marked, value)) + b"]"
    return value.to_bytes(4, "big", signed=True) if isinstance(value, int) else _length(str(value))


def _marked(value: object) -> bytes:
    mark = {dict: b"{", list: b"[", int: b"l"}.get(type(value), b"S")
    return mark + _ubjson(value)


def _length(text: str) -> bytes:
    return b"L" + len(text).to_bytes(8, "big") + text.encode()
