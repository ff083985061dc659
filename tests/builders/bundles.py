"""TensorFlow's index of variables, Core ML's file of weights: well formed, so that a test can break one thing."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from tests.builders.protobufs import field, varint

MAGIC = 0xDB4775248B80FB57


def block(entries: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Entries that share nothing with the one before, a single restart, and no compression."""
    body = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    return body + struct.pack("<II", 0, 1) + b"\0" + b"\1\2\3\4"


def index(places: Iterable[tuple[str, int, int, int]], *, shards: int = 1, behind: bytes = b"") -> bytes:
    """Of tensors by name, number of the file, offset and size."""
    entries = [(b"", field(1, shards) + field(3, field(1, 1)))]
    for name, shard, offset, size in sorted(places):
        said = [field(1, 1), field(2, b""), *([field(3, shard)] if shard else [])]
        said += [*([field(4, offset)] if offset else []), field(5, size), b"\x35" + struct.pack("<I", 7)]
        entries.append((name.encode(), b"".join(said)))
    data = block(entries) + behind
    meta = block([])
    handle = varint(0) + varint(len(data) - len(behind) - 5)
    lead = block([(entries[-1][0] + b"\xff", handle)])
    places_of = varint(len(data)) + varint(len(meta) - 5) + varint(len(data) + len(meta)) + varint(len(lead) - 5)
    return data + meta + lead + places_of.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def blob(*arrays: bytes, count: int | None = None, between: bytes = b"\0", behind: bytes = b"") -> bytes:
    """Core ML's file of weights."""
    made = bytearray(struct.pack("<II", len(arrays) if count is None else count, 2).ljust(64, b"\0"))
    for array in arrays:
        made += between * (-len(made) % 64)
        made += struct.pack("<IIQQ", 0xDEADBEEF, 2, len(array), len(made) + 64).ljust(64, b"\0") + array
    return bytes(made + behind)
