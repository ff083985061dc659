"""Bytes in pieces: each once, in order, whatever the size of a piece, and never more than are there."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.errors import Malformed
from safeload.parsers import reader
from safeload.parsers.reader import Reader

DATA = random.Random(1).randbytes(5_000)


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    opened = os.open(path, os.O_RDONLY)
    yield opened
    os.close(opened)


@pytest.mark.parametrize("piece", [7, 64, 1000, 4999, 5000, 9000])
@pytest.mark.parametrize("before", [0, 2, 100])
def test_pieces_follow_each_other(piece: int, before: int, descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_PIECE", piece)
    file = Reader.of_descriptor(descriptor, size=len(DATA))
    for source, shift in ((Reader.of_bytes(DATA), 0), (file, 0), (file.window(5, 4000), 5)):
        for start, end in ((0, source.size), (13, 777), (5, 5), (0, 1), (1, min(piece + 1, source.size))):
            came, at = b"", start
            for offset, data in source.pieces(start, end, before=before):
                assert at - offset == min(before, at - start)
                came += bytes(data)[at - offset :]
                at = offset + len(data)
            assert came == DATA[shift + start : shift + end]


def test_a_window_of_a_file_ends_where_it_ends(descriptor: int) -> None:
    window = Reader.of_descriptor(descriptor, size=len(DATA)).window(10, 20)
    assert window.file().read() == DATA[10:30]
    buffer = memoryview(bytearray(64))
    assert window.fill(15, buffer) == 5
    assert bytes(buffer[:6]) == DATA[25:30] + b"\0"


def test_a_file_that_shrank_is_malformed(descriptor: int) -> None:
    with pytest.raises(Malformed):
        list(Reader.of_descriptor(descriptor, size=len(DATA) + 1).pieces(0, len(DATA) + 1))
