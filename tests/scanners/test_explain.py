"""The decompiled view: shown for what is not clean, from a process that cannot do anything."""

from __future__ import annotations

import gzip
import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from safeload import limits
from safeload.errors import Unreachable
from safeload.parsers.facts import Stream
from safeload.parsers.sandbox.process import Worker
from safeload.scanners import engine, explain
from safeload.scanners.interface import How
from safeload.sources.interface import Role
from tests.builders import tars
from tests.builders.zips import Member, archive

from .conftest import Bytes, OnDisk, saved, snapshot_of

pytest.importorskip("fickling")


class Marks:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.command = f"touch {marker}"

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def shown(data: bytes, worker: Worker, *, role: Role = Role.WEIGHTS, opener: Any = None) -> str | None:
    snapshot = snapshot_of("model.bin", role=role)
    report = engine.scan(snapshot, lambda artifact: OnDisk(data), how=How.LOCAL, worker=worker)
    return explain.views(report, opener or (lambda artifact: Bytes(data))).get("model.bin")


def stream(data: bytes) -> Stream:
    return Stream(offset=0, length=len(data), sha256="")


def test_the_attack_works_without_us(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Marks(tmp_path / "marker")))
    assert (tmp_path / "marker").exists()


def test_a_payload_is_shown_as_python_and_does_not_run(tmp_path: Path, worker: Worker) -> None:
    text = shown(pickle.dumps(Marks(tmp_path / "marker")), worker)
    assert text is not None
    assert "import system" in text
    assert f"system('touch {tmp_path / 'marker'}')" in text
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_payload_in_a_torch_file_is_shown(tmp_path: Path, worker: Worker, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    data = saved({"w": torch.ones(2), "x": Marks(tmp_path / "marker")}, _use_new_zipfile_serialization=zipped)
    text = shown(data, worker)
    assert text is not None
    assert "system('touch" in text
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("way", ["gzip", "zip in zip", "tar", "tar.gz"])
def test_a_payload_is_shown_wherever_it_lies(way: str, tmp_path: Path, worker: Worker) -> None:
    payload = pickle.dumps(Marks(tmp_path / "marker"))
    tar = tars.made({"a/b.pkl": payload})
    data = {
        "gzip": gzip.compress(payload),
        "zip in zip": archive([Member(name="a.zip", data=archive([Member(name="b.pkl", data=payload)]))]),
        "tar": tar,
        "tar.gz": gzip.compress(tar),
    }[way]
    text = shown(data, worker)
    assert text is not None
    assert "import system" in text and "could not show" not in text


def test_what_is_clean_is_not_decompiled(worker: Worker) -> None:
    assert shown(pickle.dumps({"a": 1}), worker) is None


def test_what_the_load_does_not_touch_is_not_decompiled(tmp_path: Path, worker: Worker) -> None:
    assert shown(pickle.dumps(Marks(tmp_path / "marker")), worker, role=Role.BESIDE) is None


def test_where_fickling_fails_the_scan_still_speaks(tmp_path: Path, worker: Worker) -> None:
    text = shown(pickle.dumps([bytearray(b"x"), Marks(tmp_path / "marker")], 5), worker)
    assert text is not None
    assert "fickling could not show this" in text
    assert "system(" in text


def test_names_that_fickling_leaves_out_are_named() -> None:
    text = "\n".join(explain._said({"op": "text", "text": "result = 1", "absent": ["ev\u202eil"]}))
    assert "does not show these names" in text
    assert "\u202e" not in text


def test_hostile_text_comes_out_plain(tmp_path: Path, worker: Worker) -> None:
    text = shown(pickle.dumps(Marks(tmp_path / "\x1b[31m\u202e")), worker)
    assert text is not None
    assert not {"\x1b", "\u202e"} & set(text)


def test_a_flood_around_the_payload_is_cut_and_the_payload_kept(tmp_path: Path, worker: Worker) -> None:
    flood = [{"k" * 50: {str(i) * 20}} for i in range(3_000)]
    text = shown(pickle.dumps([flood, Marks(tmp_path / "marker"), flood], 0), worker)
    assert text is not None
    assert len(text) <= limits.EXPLAIN_TEXT
    assert "system('touch" in text


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"garbage", b"cos\nsystem\n", b"\x80\x04" + b"\x8c\x01a" * 9, b"(" * 100_000]
)
def test_any_bytes_give_a_text(data: bytes) -> None:
    assert explain.view(Bytes(data), (), [stream(data)])
    assert explain.view(Bytes(data), ("a", "b"), [stream(data)])
    assert explain.view(Bytes(data), ("a",), [stream(data)])


def test_what_is_too_long_is_said_to_be() -> None:
    huge = Stream(offset=0, length=limits.EXPLAIN_PICKLE + 1, sha256="")
    assert "too long" in explain.view(Bytes(b"x"), (), [huge])


def test_a_child_that_takes_too_long_is_ended() -> None:
    data = pickle.dumps(list(range(200_000)), 2)
    started = time.monotonic()
    assert "took too long" in explain.view(Bytes(data), (), [stream(data)], seconds=0.2)
    assert time.monotonic() - started < 5


def test_a_file_that_is_gone_the_second_time_is_said_to_be(tmp_path: Path, worker: Worker) -> None:
    def gone(artifact: object) -> Bytes:
        raise Unreachable("down")

    text = shown(pickle.dumps(Marks(tmp_path / "marker")), worker, opener=gone)
    assert text is not None
    assert "could not be read a second time" in text


@pytest.mark.parametrize(
    "message", [{"op": "read", "offset": -1, "n": 1}, {"op": "read", "offset": 0, "n": 1 << 40}, {"op": "read"}]
)
def test_a_child_that_was_taken_over_gets_no_other_bytes(message: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        explain._piece(message, Bytes(b"secret"))
