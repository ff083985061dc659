"""Any bytes give a plan or `Malformed`; any plan gives tensors that are in the file, or `NotConverted`."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import Malformed, NotConverted
from safeload.parsers.plan import Plan, Storage, Tensor
from safeload.rescue.check import pieces
from safeload.rescue.gather import elements
from tests.builders import opcodes as op
from tests.builders.checkpoints import LEGACY_MAGIC, torch_legacy
from tests.builders.tars import torch_tar
from tests.builders.zips import Member
from tests.rescue.streams import checkpoint, plan, state, storage, tensor

LEGACY = torch_legacy(
    op.proto(2) + state(("w", tensor(storage()[:-2] + op.NONE + op.TUPLE + op.BINPERSID))) + op.STOP,
    keys=pickle.dumps(["0"], 2),
    behind=(4).to_bytes(8, "little") + bytes(16),
)
WHOLE = checkpoint(state(("w", tensor()), ("t", tensor(shape=(2, 2), stride=(1, 2)))))
NUMBERS = struct.pack("<2f", 1, 2)
DTYPE = op.glob("numpy", "dtype") + op.text("f4") + b"\x89\x88\x87" + op.REDUCE
ARRAY = (
    op.glob("numpy._core.numeric", "_frombuffer") + op.MARK + b"C\x08" + NUMBERS + DTYPE + b"K\x02\x85" + op.text("C")
)
INNER = torch_legacy(
    op.proto(2) + storage() + op.STOP, keys=pickle.dumps(["0"], 2), behind=(4).to_bytes(8, "little") + bytes(16)
)
INSIDE = (
    op.glob("torch.storage", "_load_from_bytes") + b"B" + len(INNER).to_bytes(4, "little") + INNER + b"\x85" + op.REDUCE
)
ALONE = op.proto(3) + state(("a", ARRAY + op.TUPLE + op.REDUCE), ("t", tensor(INSIDE))) + op.STOP
WRAPPED = (
    op.glob("joblib.numpy_pickle", "NumpyArrayWrapper")
    + op.EMPTY_TUPLE
    + b"\x81"
    + state(
        ("dtype", DTYPE), ("shape", b"K\x02\x85"), ("order", op.text("C")), ("numpy_array_alignment_bytes", b"K\x10")
    )
    + op.BUILD
    + b"\x02\xff\xff"
    + NUMBERS
)
JOBLIB = op.proto(3) + state(("a", WRAPPED)) + op.STOP
FIRST = torch_tar(op.proto(2) + state(("w", op.text("1") + op.BINPERSID)) + op.STOP)
PROGRAM = checkpoint(
    state(("w", tensor())),
    extra=(
        Member(name="archive/data/0", data=struct.pack("<4f", 1, 2, 3, 4)),
        Member(name="archive/constants.pkl", data=b"\x80\x02)."),
    ),
)
DIMENSIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 7)), max_size=4)


ALL = [WHOLE, LEGACY, ALONE, JOBLIB, FIRST, PROGRAM]


@pytest.mark.parametrize(
    ("data", "names"),
    list(zip(ALL, [["w", "t"], ["w"], ["a", "t"], ["a"], ["w"], ["w"]], strict=True)),
    ids=["zip", "legacy", "alone", "joblib", "tar", "program"],
)
def test_all_are_read_as_they_are(data: bytes, names: list[str]) -> None:
    assert [one.name for one in plan(data).tensors] == names


def looked_at(data: bytes) -> None:
    try:
        found = plan(data)
        pieces(found, size=len(data), file="x")
    except (Malformed, NotConverted):
        return


@given(st.sampled_from(ALL), st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6))
def test_bytes_that_were_changed(whole: bytes, changes: list[tuple[float, int]]) -> None:
    data = bytearray(whole)
    for at, value in changes:
        data[int(at * len(data))] = value
    looked_at(bytes(data))


@given(st.sampled_from([b"\x80\x02", LEGACY_MAGIC, b"PK\x03\x04", WHOLE[:60]]), st.binary(max_size=200))
def test_bytes_behind_a_head(head: bytes, rest: bytes) -> None:
    looked_at(head + rest)


@given(
    DIMENSIONS, st.integers(-1, 4), st.integers(-1, 20), st.integers(-1, 70), st.sampled_from(["F32", "U8", "C64", "X"])
)
@pytest.mark.parametrize("swap", [False, True])
def test_a_worker_that_was_taken_over_gets_nothing_from_outside_a_storage(
    swap: bool, dims: list[tuple[int, int]], offset: int, at: int, length: int, dtype: str
) -> None:
    """Element by element, as the plainest way there is would pick them."""
    content = bytes(range(64))
    one = Tensor(
        name="w", dtype=dtype, shape=tuple(n for n, _ in dims), stride=tuple(step for _, step in dims), offset=offset
    )
    said = Plan(tensors=(one,), storages=(Storage(offset=at, length=length, swap=swap),))
    try:
        (piece,) = pieces(said, size=len(content), file="x")
    except NotConverted:
        return
    if piece.size > 10_000:
        return
    places = [0]
    for n, step in dims:
        places = [place + i * step for place in places for i in range(n)]
    item, turned = piece.item, 4 if dtype == "C64" else piece.item
    wanted = b""
    for place in places:
        start = at + (offset + place) * item
        assert at <= start and start + item <= at + length
        element = content[start : start + item]
        wanted += b"".join(element[i : i + turned][:: -1 if swap else 1] for i in range(0, item, turned))
    path = Path(os.environ["SAFELOAD_HOME"]).parent / "numbers"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert b"".join(elements(descriptor, piece)) == wanted
    finally:
        os.close(descriptor)
