"""Protocol Buffers written by hand: any field with any content."""

from __future__ import annotations


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes | str | int) -> bytes:
    """A varint for an int, else a length and the bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    raw = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def onnx_node(op: str, *, domain: str = "", attributes: bytes = b"") -> bytes:
    return field(1, "x") + field(2, "y") + field(4, op) + attributes + (field(7, domain) if domain else b"")


def onnx_model(*nodes: bytes, more: bytes = b"", behind: bytes = b"") -> bytes:
    """A model whose graph has these nodes; `more` are further fields of the graph, `behind` of the model."""
    graph = b"".join(field(1, node) for node in nodes) + field(2, "g") + more
    return field(1, 8) + field(7, graph) + field(8, field(2, 18)) + behind


def onnx_external(location: str) -> bytes:
    """An initializer whose bytes lie in another file."""
    entry = field(1, "location") + field(2, location)
    return field(5, field(1, 2) + field(2, 1) + field(8, "w") + field(13, entry) + field(14, 1))


def tf_node(op: str, name: str = "n", **attributes: bytes) -> bytes:
    attrs = b"".join(field(5, field(1, key) + field(2, value)) for key, value in attributes.items())
    return field(1, name) + field(2, op) + field(3, "x") + attrs


def tf_graph(*nodes: bytes, functions: bytes = b"") -> bytes:
    return b"".join(field(1, node) for node in nodes) + field(2, functions) + field(4, field(1, 1882))


def tf_function(name: str, *nodes: bytes) -> bytes:
    """For `functions` of a graph."""
    return field(1, field(1, field(1, name)) + b"".join(field(3, node) for node in nodes))


def tf_saved_model(graph: bytes, *, asset: str = "", objects: bytes = b"") -> bytes:
    meta = field(1, field(4, "serve") + field(5, "2.21.0")) + field(2, graph)
    assets = field(6, field(1, field(1, "x")) + field(2, asset)) if asset else b""
    return field(1, 1) + field(2, meta + assets + field(7, objects))
