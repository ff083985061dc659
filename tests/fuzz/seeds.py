"""A small file of each kind that is read, to start from."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import random
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from tests.builders import checkpoints
from tests.builders import opcodes as op
from tests.fuzz.streams import stream

_PLAIN = pickle.dumps({"a": [1, 2.5, "x"]}, protocol=2)


def all_kinds() -> Iterator[bytes]:
    rng = random.Random(0)
    for _ in range(40):
        yield stream(rng)
    yield _PLAIN
    yield checkpoints.torch_zip(op.proto(2) + op.EMPTY_DICT + op.STOP)
    yield checkpoints.torch_legacy(op.proto(2) + op.EMPTY_DICT + op.STOP)
    yield checkpoints.safetensors({"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4))
    for squeeze in (gzip.compress, bz2.compress, lzma.compress, zlib.compress):
        yield squeeze(_PLAIN)
    yield json.dumps({"auto_map": {"AutoModel": "m.M"}, "chat_template": "{{ messages }}"}).encode()
    yield b"import os\nx = [os.path.join(a, 'b') for a in ()]\n"
    yield _zip({"a.npy": _npy(), "b/c.txt": b"text"})
    yield _npy()
    yield _tar({"a.pkl": _PLAIN, "b.yaml": b"a: 1\n"})


def _npy() -> bytes:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


def _zip(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()
