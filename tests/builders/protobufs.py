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
