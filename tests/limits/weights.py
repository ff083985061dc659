"""Files of formats of weights and graphs, with so much of what their limits count."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from tests.builders import flatbuffers, ggufs, protobufs
from tests.builders.protobufs import field
from tests.limits.case import Case


def _nested_graphs(depth: int) -> bytes:
    """Three messages a level: node, attribute, graph."""
    node = protobufs.onnx_node("Relu")
    for _ in range(depth // 3 - 2):
        node = protobufs.onnx_node("If", attributes=field(5, field(1, "then") + field(6, field(1, node))))
    return protobufs.onnx_model(node)


def _nodes(count: int) -> bytes:
    return protobufs.onnx_model(*[protobufs.onnx_node("Relu")] * count)


def _keys(count: int) -> bytes:
    return ggufs.gguf([ggufs.pair(f"k{i}", ggufs.U32, bytes(4)) for i in range(count)], [])


def _tensors(count: int) -> bytes:
    shape = (8,)
    return ggufs.gguf([], [ggufs.tensor(f"t{i}", shape, offset=32 * i) for i in range(count)], bytes(32 * count))


def _gguf_text(size: int) -> bytes:
    return ggufs.gguf([ggufs.pair("a", ggufs.STRING, ggufs.text("x" * size))], [])


def _gguf_arrays(depth: int) -> bytes:
    head = struct.pack("<IQ", ggufs.ARRAY, 1) * (depth - 1) + struct.pack("<IQ", ggufs.U32, 2) + bytes(8)
    return ggufs.gguf([ggufs.pair("a", ggufs.ARRAY, head)], [])


def _hdf5(objects: int) -> bytes:
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        for number in range(objects - 1):
            file.create_group(f"g{number}")
    return made.getvalue()


def _ubjson(inner: bytes) -> bytes:
    return b"{L" + struct.pack(">Q", 1) + b"a" + inner + b"}"


def _msgpack(inner: bytes) -> bytes:
    return b"\x81\xa1a" + inner


def _xml(depth: int) -> bytes:
    return b'<net name="m">' + b"<a>" * (depth - 1) + b"</a>" * (depth - 1) + b"</net>"


def _operators(count: int) -> bytes:
    operator: dict[int, flatbuffers.Value] = {0: 3, 3: 3}
    return flatbuffers.tflite(*[operator] * count)


def odd_node(number: int) -> bytes:
    return protobufs.onnx_node(f"Odd{number}", domain="elsewhere")


def cases() -> Iterator[Case]:
    yield Case(limit="PROTO_DEPTH", build=_nested_graphs, step=9)
    yield Case(limit="PROTO_TEXT", build=lambda n: flatbuffers.tflite({0: 32, 1: "x" * n, 3: 32}), at=500)
    yield Case(limit="PROTO_FIELDS", build=lambda n: _nodes(n // 5), at=100, step=30)
    yield Case(limit="PROTO_KEPT", build=lambda n: _nodes(n // 3), at=60, step=180)
    yield Case(limit="GGUF_TENSORS", build=_tensors, at=5)
    yield Case(limit="GGUF_KEYS", build=_keys, at=5)
    yield Case(
        limit="GGUF_KEY",
        build=lambda n: ggufs.gguf([ggufs.pair("k" * n, ggufs.U32, bytes(4))], []),
        reason="malformed",
    )
    yield Case(limit="GGUF_TEXT", build=_gguf_text, at=1_000, reason="malformed")
    yield Case(limit="GGUF_DEPTH", build=_gguf_arrays)
    yield Case(limit="HDF5_OBJECTS", build=_hdf5, at=5, needs="h5py")
    yield Case(
        limit="UBJSON",
        build=lambda n: _ubjson(b"SL" + struct.pack(">Q", n - 30) + b"x" * (n - 30)),
        at=3_000_000,
        step=60,
    )
    yield Case(limit="UBJSON_VALUES", build=lambda n: _ubjson(b"[" + b"T" * (n - 2) + b"]"), at=50)
    yield Case(limit="UBJSON_DEPTH", build=lambda n: _ubjson(b"[" * n + b"]" * n))
    yield Case(
        limit="MSGPACK_VALUES", build=lambda n: _msgpack(b"\xdc" + struct.pack(">H", n - 3) + bytes(n - 3)), at=50
    )
    yield Case(limit="MSGPACK_DEPTH", build=lambda n: _msgpack(b"\x91" * (n - 1) + b"\0"))
    yield Case(limit="XML_DEPTH", build=_xml)
    yield Case(limit="FLATBUFFER_READS", build=lambda n: _operators(n // 12), at=240, step=120)
