"""Numbers that could be a pickle: raw members of checkpoints, which `torch.load(pickle_file=…)` would unpickle."""

from __future__ import annotations

import random
import struct

from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.builders.zips import Member
from tests.parsers.conftest import Examine, gaps, names

CLEAN = op.proto(2) + op.EMPTY_DICT + op.STOP


def with_numbers(*members: bytes) -> bytes:
    return torch_zip(CLEAN, extra=tuple(Member(name=f"archive/data/{i}", data=m) for i, m in enumerate(members)))


def test_random_numbers_are_numbers(examine: Examine) -> None:
    rng = random.Random(0)
    floats = [struct.pack("<8f", *(rng.gauss(0, 1) for _ in range(8))) for _ in range(2_000)]
    noise = [rng.randbytes(rng.randint(4, 60)) for _ in range(2_000)]
    parts = examine(with_numbers(*floats, *noise))
    assert not gaps(parts)
    assert not names(parts)


def test_lengths_and_memos_beyond_the_file_are_numbers_too(examine: Examine) -> None:
    huge = struct.pack("<I", 0xF0000000)
    parts = examine(with_numbers(b"B" + huge, b"]r" + huge, b"\x8e" + huge * 2, b"\x96" + huge * 2, b"\x95" + huge * 2))
    assert not gaps(parts)


def test_a_memo_that_is_too_wide_for_this_process_hides_nothing(examine: Examine) -> None:
    for index in (1_000_000, 0x7FFFFFF0):
        bad = b"]r" + struct.pack("<I", index) + op.glob("os", "getcwd") + b")R."
        parts = examine(with_numbers(bad))
        assert "os.getcwd" in names(parts) or "limit" in gaps(parts)
