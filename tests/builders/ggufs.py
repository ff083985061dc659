"""GGUF files byte by byte, as no tool would write them."""

from __future__ import annotations

import struct
from typing import Any

U32, STRING, ARRAY = 4, 8, 9


def text(value: str | bytes, order: str = "<") -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(order + "Q", len(raw)) + raw


def pair(key: str, kind: int, raw: bytes, order: str = "<") -> bytes:
    return text(key, order) + struct.pack(order + "I", kind) + raw


def tensor(name: str, shape: tuple[int, ...], *, type: int = 0, offset: int = 0, order: str = "<") -> bytes:
    dims = struct.pack(f"{order}I{len(shape)}Q", len(shape), *shape)
    return text(name, order) + dims + struct.pack(order + "IQ", type, offset)


def gguf(pairs: list[bytes], tensors: list[bytes], data: bytes = b"", **header: Any) -> bytes:
    """A file. `header` replaces what is written: `version`, `pairs`, `tensors`, `order`."""
    order = header.get("order", "<")
    counts = (header.get("count_tensors", len(tensors)), header.get("count_pairs", len(pairs)))
    head = b"GGUF" + struct.pack(order + "IQQ", header.get("version", 3), *counts)
    whole = head + b"".join(pairs) + b"".join(tensors)
    return whole + bytes(-len(whole) % 32) + data


def chat(template: str, key: str = "tokenizer.chat_template") -> bytes:
    return pair(key, STRING, text(template))
