"""Artifacts that are handed over ahead: every answer is the right one's, also when a worker dies between them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload import limits
from safeload.parsers.facts import GapReason
from safeload.parsers.sandbox.process import Worker
from tests.parsers.conftest import LocalFile, names

BOMB = b"\x80\x02}N\x85" + b"2\x86" * 40 + b"Ns."  # a key that takes for ever to hash


@pytest.fixture
def small() -> Iterator[Worker]:
    worker = Worker.start(cpu=1, memory=limits.GIB)
    yield worker
    worker.close()


def files(folder: Path, *contents: bytes) -> list[LocalFile]:
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
    return [LocalFile(folder / str(number)) for number in range(len(contents))]


CLASSES = [ValueError, KeyError, TypeError, OSError]
GOOD = [pickle.dumps(kind("x")) for kind in CLASSES]
NAMES = [{f"builtins.{kind.__name__}"} for kind in CLASSES]


def test_answers_come_in_their_order(small: Worker, tmp_path: Path) -> None:
    opened = files(tmp_path, *GOOD)
    for one in opened:
        small.announce(one)
    assert [names(small.examine(one, name="x")) for one in opened] == NAMES


def test_another_artifact_in_between_gets_its_own_answer(small: Worker, tmp_path: Path) -> None:
    opened = files(tmp_path, *GOOD)
    small.announce(opened[0])
    small.announce(opened[1])
    assert names(small.examine(opened[3], name="x")) == NAMES[3]
    assert names(small.examine(opened[1], name="x")) == NAMES[1]
    assert names(small.examine(opened[0], name="x")) == NAMES[0]


def test_a_death_is_the_gap_of_whom_it_belongs_to(small: Worker, tmp_path: Path) -> None:
    opened = files(tmp_path, GOOD[0], BOMB, GOOD[2])
    for one in opened:
        small.announce(one)
    first, bomb, last = (small.examine(one, name="x") for one in opened)
    assert names(first) == NAMES[0]
    assert bomb[0].gap is not None and bomb[0].gap.reason is GapReason.LIMIT
    assert names(last) == NAMES[2]
