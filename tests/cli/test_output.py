"""`--output`: written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import FakePipeline, Ran
from tests.report import samples


@pytest.fixture(autouse=True)
def answers(pipeline: FakePipeline) -> None:
    pipeline.answers = {"a": samples.allowed(), "b": samples.blocked(), "stop": KeyboardInterrupt()}


def test_the_report_is_in_the_file_and_stdout_is_empty(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    path = tmp_path / "out.jsonl"
    ran = cli("scan", "a", "b", "--format", "json", "--output", str(path))
    assert ran.code == 1
    assert ran.out == ""
    assert [json.loads(line)["action"] for line in path.read_text().splitlines()] == ["allow", "block"]
    assert "Blocked: mallory/tiny-bert-pwned" in ran.err
    assert os.listdir(tmp_path) == ["out.jsonl"]


def test_text_in_a_file_has_no_escapes(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    path = tmp_path / "out.txt"
    cli("scan", "b", "--output", str(path))
    assert "\x1b" not in path.read_text(encoding="utf-8")
    assert "✕ Blocked" in path.read_text(encoding="utf-8")


def test_what_was_there_stays_when_it_is_interrupted(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    assert cli("scan", "a", "stop", "--output", str(path)).code == 130
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_a_new_file_gets_the_ordinary_mode_and_an_old_one_keeps_its_own(
    tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.touch()
    old.chmod(0o640)
    before = os.umask(0o022)
    try:
        cli("scan", "a", "--output", str(new))
        cli("scan", "a", "--output", str(old))
    finally:
        os.umask(before)
    assert stat.S_IMODE(new.stat().st_mode) == 0o644
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("before")
    link.symlink_to(real)
    assert cli("scan", "a", "--output", str(link)).code == 0
    assert link.is_symlink()
    assert "acme/tiny-bert" in real.read_text(encoding="utf-8")


def test_a_device_is_written_to_and_stays_a_device(cli: Callable[..., Ran]) -> None:
    assert cli("scan", "a", "--output", os.devnull).code == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.parametrize("bad", ["missing/out.txt", "", "a" * 300, "loop"])
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    bad: str, tmp_path: Path, cli: Callable[..., Ran], pipeline: FakePipeline
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    ran = cli("scan", "a", "--output", str(tmp_path) + ("/" + bad if bad else ""))
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 1
    assert "cannot be written" in ran.err
    assert pipeline.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "a", "--output", "/dev/full")
    assert ran.code == 2
    assert os.strerror(errno.ENOSPC) in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("args", [("scan", "a"), ("--help",), ("scan", "--help"), ("--version",)])
def test_standard_output_on_a_full_disk(
    args: tuple[str, ...], cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115  (closing it fails)
    monkeypatch.setattr(sys, "stdout", full)
    ran = cli(*args)
    with contextlib.suppress(OSError):
        full.close()
    assert ran.code == 2
    assert "standard output" in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_reader_that_went_away_is_no_news(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    pipe = open(writing, "w", encoding="utf-8")  # noqa: SIM115  (closing it fails)
    monkeypatch.setattr(sys, "stdout", pipe)
    ran = cli("scan", "a", "b")
    with contextlib.suppress(OSError):
        pipe.close()
    assert ran.code == 2
    assert ran.err == ""
