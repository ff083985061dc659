"""Checkpoints whose every number can lie, without torch."""

from __future__ import annotations

import struct
from typing import Any

from safeload.parsers.facts import Part
from safeload.parsers.plan import Plan
from safeload.parsers.reader import Reader
from safeload.parsers.rescue.read import read
from safeload.parsers.visit import Visit
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.builders.zips import Member


def long(value: int) -> bytes:
    raw = value.to_bytes(16, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def numbers(values: tuple[int, ...]) -> bytes:
    return op.MARK + b"".join(long(value) for value in values) + op.TUPLE


def storage(key: str = "0", count: int = 4, kind: str = "FloatStorage") -> bytes:
    head = op.text("storage") + op.glob("torch", kind) + op.text(key) + op.text("cpu") + long(count)
    return op.MARK + head + op.TUPLE + op.BINPERSID


def tensor(
    held: bytes | None = None, *, shape: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,), offset: int = 0
) -> bytes:
    """Opcodes that rebuild one tensor."""
    hooks = op.glob("collections", "OrderedDict") + op.EMPTY_TUPLE + op.REDUCE
    args = (held or storage()) + long(offset) + numbers(shape) + numbers(stride) + b"\x89" + hooks
    return op.glob("torch._utils", "_rebuild_tensor_v2") + op.MARK + args + op.TUPLE + op.REDUCE


def state(*items: tuple[str, bytes]) -> bytes:
    body = b"".join(op.text(key) + value for key, value in items)
    return op.EMPTY_DICT + op.MARK + body + op.SETITEMS


def checkpoint(pickle: bytes, numbers: tuple[float, ...] = (1, 2, 3, 4), **members: Any) -> bytes:
    """`pickle` without its head and end; storage 0 holds `numbers` as float32."""
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    extra = members.pop("extra", (Member(name="archive/data/0", data=data),))
    return torch_zip(op.proto(2) + pickle + op.STOP, extra=extra, **members)


def plan(data: bytes) -> Plan:
    """As the worker makes it. Raises `Malformed`."""
    parts = read(Reader.of_bytes(data), Visit(examine=lambda reader, visit: ()))
    assert parts is not None
    (part,) = parts
    assert isinstance(part, Part)
    assert part.plan is not None
    return part.plan
