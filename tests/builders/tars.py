"""Tar files in which every field can lie, and torch's first format."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from typing import Any


def header(name: str, size: int = 0, kind: bytes = b"0", *, target: str = "", magic: bytes = b"ustar\x0000") -> bytes:
    block = bytearray(512)
    block[: len(name.encode())] = name.encode()
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % 0
    block[156:157] = kind
    block[157 : 157 + len(target)] = target.encode()
    block[257:265] = magic
    return checked(block)


def checked(block: bytearray | bytes) -> bytes:
    block = bytearray(block)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: str, data: bytes, **fields: Any) -> bytes:
    return header(name, len(data), **fields) + data + bytes(-len(data) % 512)


def tar(*members: bytes, end: int = 1024) -> bytes:
    return b"".join(members) + bytes(end)


def made(files: dict[str, bytes], **options: Any) -> bytes:
    """By Python's own writer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def torch_tar(body: bytes, **options: Any) -> bytes:
    """One float storage of two numbers, one tensor over it, and the pickle `body`."""
    storage = pickle.dumps(1, 2) + b"\x80\x02K\0X\x03\0\0\0cpuctorch\nFloatStorage\n\x87."
    storages = storage + struct.pack("<qff", 2, 1.0, 2.0) + pickle.dumps([], 2)
    tensors = pickle.dumps(1, 2) + b"\x80\x02K\x01K\0ctorch\nFloatTensor\n\x87."
    tensors += struct.pack("<iiqqq", 1, 0, 2, 1, 0)
    files = {"sys_info": pickle.dumps({"little_endian": True}, 2), "pickle": body}
    return made({**files, "tensors": tensors, "storages": storages}, **options)
