"""A pickle that is all of its file: what it hashes to is found out by the parent, never taken from the worker."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

from safeload import api, limits
from safeload.guard.hold import Hold
from safeload.parsers.facts import Part, PickleFacts, Stream
from safeload.parsers.sandbox.process import Worker
from safeload.scanners import engine
from safeload.scanners.interface import How
from safeload.scanners.whole import hashed

from .conftest import OnDisk, Says, snapshot_of

SMALL = pickle.dumps({"a": range(3)})
LARGE = pickle.dumps({"a": range(3), "b": bytes(range(256)) * 2_000})
LIE = Stream(offset=7, length=9, sha256="f" * 64, names=(("a", "b"),), whole=True)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_the_digest_of_the_stream_is_that_of_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    review = api.scan(path)
    (stream,) = review.assessment.report.results[0].streams
    assert (stream.offset, stream.length, stream.sha256) == (0, len(content), sha(content))
    assert stream.names == (("builtins", "range"),)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_worker_does_not_hash_what_is_hashed_already(content: bytes, worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    hold = Hold(path)
    (part,) = worker.examine(hold, name="x")
    hold.close()
    assert part.pickle is not None and part.pickle.streams[0].sha256 == ""
    (again,) = worker.examine(OnDisk(content), name="x")
    assert again.pickle is not None and again.pickle.streams[0].sha256 == sha(content)


def test_two_pickles_in_one_file_are_hashed_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(LARGE + SMALL)
    streams = api.scan(path).assessment.report.results[0].streams
    assert [stream.sha256 for stream in streams] == [sha(LARGE), sha(SMALL)]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_what_a_worker_says_that_the_whole_hashes_to_does_not_count(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(content)
    lies = (
        Part(format="zip", pickle=PickleFacts(reading="pickle", streams=(LIE,))),
        Part(member=("data.pkl",), format="pickle", pickle=PickleFacts(reading="pickle", streams=(LIE,))),
    )
    hold = Hold(path)
    if hold.unhashed:
        hold.hash()
    report = engine.scan(snapshot_of("a.pkl"), lambda artifact: hold, how=How.LOCAL, worker=Says({"a.pkl": lies}))
    held = hold.held()
    assert held is not None
    first, member = hashed(report, {"a.pkl": held.digest}).results
    assert first.streams == (Stream(length=len(content), sha256=sha(content), names=LIE.names, whole=True),)
    assert member.streams == (LIE,)  # a digest of its own words, as ever; never the file's


def test_the_border_between_the_two_ways() -> None:
    assert len(SMALL) < limits.WHOLE < len(LARGE)
