"""A large checkpoint that takes no room: a real torch archive over a sparse file."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zlib
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

from hub.samples import Bench, popular
from hub.store import Store

REPO = "acme/big-checkpoint"
FOLDER = "pytorch_model"
TENSORS = 25
MIB = 1 << 20


def big_checkpoint(root: Path, *, size: int = 500 * MIB) -> str:
    """Add `acme/big-checkpoint` to the hub at `root` if it is not there; gives its name.

    The weights are zeros: about `size` bytes to a client, a few kilobytes on disk.
    """
    store = Store(root)
    if store.get(REPO) is not None:
        return REPO
    path = root / f"big.{os.getpid()}.partial"
    with path.open("wb") as stream:
        write_archive(stream, TENSORS, size // TENSORS // 4096 * 4096)
    bench = Bench(store)
    weights = store.add_file("pytorch_model.bin", path)
    bench.publish(REPO, [*bench.files({**bench.config, **bench.tokenizer}), weights], facts=popular())
    return REPO


def write_archive(stream: BinaryIO, tensors: int, each: int) -> None:
    """What `torch.save` would write for float32 tensors of `each` bytes of zeros, storages as holes."""
    zeros = zlib.crc32(bytes(each))  # once: all storages are alike
    state = {f"layer.{i}.weight": _Tensor(str(i), each // 4) for i in range(tensors)}
    directory: list[bytes] = []
    _member(stream, directory, "data.pkl", _pickled(state))
    _member(stream, directory, "byteorder", b"little")
    for i in range(tensors):
        _member(stream, directory, f"data/{i}", b"", hole=each, crc=zeros)
    _member(stream, directory, "version", b"3\n")
    start = stream.tell()
    listing = b"".join(directory)
    stream.write(listing)
    stream.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(directory), len(directory), len(listing), start, 0))


class _Tensor:
    """Stands for a tensor of zeros while the pickle is written."""

    def __init__(self, key: str, count: int) -> None:
        self.key, self.count = key, count

    def __reduce__(self) -> tuple[Any, ...]:
        import torch

        shape = (self.count // 1024, 1024)
        return torch._utils._rebuild_tensor_v2, (_Storage(self), 0, shape, (1024, 1), False, OrderedDict())


class _Storage:
    def __init__(self, tensor: _Tensor) -> None:
        self.tensor = tensor


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> Any:
        import torch

        if isinstance(value, _Storage):
            return ("storage", torch.FloatStorage, value.tensor.key, "cpu", value.tensor.count)
        return None


def _pickled(state: dict[str, _Tensor]) -> bytes:
    stream = io.BytesIO()
    _Pickler(stream, protocol=2).dump(state)
    return stream.getvalue()


def _member(stream: BinaryIO, directory: list[bytes], name: str, data: bytes, *, hole: int = 0, crc: int = 0) -> None:
    """One stored entry, its data at a multiple of 64 bytes, as torch lays it out."""
    path = f"{FOLDER}/{name}".encode()
    size, crc = (hole, crc) if hole else (len(data), zlib.crc32(data))
    at = stream.tell()
    padding = -(at + 30 + len(path) + 4) % 64
    extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
    common = struct.pack("<5H3I", 0, 0, 0, 0, 0x21, crc, size, size)
    stream.write(struct.pack("<4s", b"PK\3\4") + common + struct.pack("<2H", len(path), len(extra)) + path + extra)
    if hole:
        stream.seek(hole - 1, os.SEEK_CUR)
        stream.write(b"\0")
    else:
        stream.write(data)
    directory.append(
        struct.pack("<4sH", b"PK\1\2", 0) + common + struct.pack("<5H2I", len(path), 0, 0, 0, 0, 0, at) + path
    )
