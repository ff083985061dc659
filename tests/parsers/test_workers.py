"""The second worker: other people's libraries, in a process of their own."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from safeload.parsers import external
from safeload.parsers.sandbox.workers import Workers
from tests.builders import opcodes as op
from tests.parsers.conftest import Ranges, gaps, names

lz4 = pytest.importorskip("lz4.frame")
BAD = op.proto() + op.stack_global("builtins", "open") + op.STOP


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def test_what_the_first_cannot_read_the_second_does(workers: Workers) -> None:
    parts = workers.examine(Ranges(lz4.compress(BAD)), name="x")
    assert names(parts) == {"builtins.open"}
    assert not gaps(parts)


def test_a_file_that_needs_nothing_does_not_start_it() -> None:
    both = Workers()
    both.examine(Ranges(BAD), name="x")
    assert both._other is None
    both.close()


def test_a_broken_one_is_a_gap(workers: Workers) -> None:
    whole = lz4.compress(BAD)
    assert gaps(workers.examine(Ranges(whole[:-3]), name="x")) == {"malformed"}
    assert gaps(workers.examine(Ranges(whole + b"more"), name="x")) == {"malformed"}


def test_a_missing_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = external.External(module="safeload.parsers.external.nobody", packages=("nobody",))
    assert external.load([]) == {}
    monkeypatch.setitem(external.KINDS, "lz4", nobody)
    assert external.load(["lz4"]) == {}
    assert external.how_to_get("lz4") == "nobody reads this: pip install 'safeload[formats]'"


def test_joblib_writes_what_it_reads(workers: Workers) -> None:
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    joblib.dump({"a": [1, 2]}, file, compress=("lz4", 3))
    parts = workers.examine(Ranges(file.getvalue()), name="x")
    assert not gaps(parts)
    assert parts[0].format == "joblib"
