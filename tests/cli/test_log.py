"""`log` and `status`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.auditlog import AuditLog
from tests.cli.conftest import Ran


@pytest.fixture
def record(isolated: Path) -> AuditLog:
    folder = isolated / "safeload"
    folder.mkdir()
    log = AuditLog(folder)
    log.append("blocked", origin="mallory/pwned@" + "5" * 40, who="ann@box", action="block")
    log.append("approved", origin="some/one@" + "6" * 40, who="ann@box", decider="person", note="read \x1b[31m it")
    log.append("stopped", asked_for="os.system", who="ann")
    return log


def test_nothing_yet(cli: Callable[..., Ran], isolated: Path) -> None:
    assert cli("log") == Ran(0, "", "")
    assert cli("log", "--verify").code == 0
    assert not (isolated / "safeload").exists()  # looking makes nothing


def test_one_line_an_entry(cli: Callable[..., Ran], record: AuditLog) -> None:
    lines = cli("log").out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["1", "2", "3"]
    assert lines[1].endswith(r"approved  some/one@666666666666  by person ann@box: read \x1b[31m it")
    assert "os.system" in lines[2]


def test_the_last_ones(cli: Callable[..., Ran], record: AuditLog) -> None:
    assert [line[0] for line in cli("log", "-n", "2").out.splitlines()] == ["2", "3"]
    assert cli("log", "-n", "0").code == 2


def test_json(cli: Callable[..., Ran], record: AuditLog) -> None:
    values = [json.loads(line) for line in cli("log", "--format", "json").out.splitlines()]
    assert [v["event"] for v in values] == ["blocked", "approved", "stopped"]
    assert values[1]["fields"]["note"] == "read \x1b[31m it"
    assert values[1]["prev"] == values[0]["hash"]


def test_verify_a_whole_log_with_a_head_noted_earlier(cli: Callable[..., Ran], record: AuditLog) -> None:
    ran = cli("log", "--verify")
    assert ran.code == 0
    head = ran.out.splitlines()[1].removeprefix("Head: ")
    assert head.startswith("3:")
    record.append("blocked", who="ann")
    assert cli("log", "--verify", "--expect-head", head).code == 0
    assert cli("log", "--expect-head", "3:" + "0" * 64).code == 1
    assert cli("log", "--expect-head", "three").code == 2


@pytest.mark.parametrize("damage", ["edit", "remove", "reorder", "truncate", "garbage"])
def test_damage_is_found(damage: str, cli: Callable[..., Ran], record: AuditLog) -> None:
    lines = record.path.read_bytes().splitlines(keepends=True)
    changed = {
        "edit": [lines[0].replace(b"mallory", b"somebod"), *lines[1:]],
        "remove": [lines[0], lines[2]],
        "reorder": [lines[1], lines[0], lines[2]],
        "truncate": lines[:1],
        "garbage": [*lines, b"\xff\x00\x1b]0;owned\x07\n"],
    }[damage]
    record.path.write_bytes(b"".join(changed))
    ran = cli("log", "--verify")
    assert ran.code == 1
    assert "damage" in ran.out
    assert "\x1b" not in ran.out
    value = json.loads(cli("log", "--verify", "--format", "json").out)
    assert value["ok"] is False and value["problems"]


def test_a_broken_chain_is_shown_as_far_as_it_holds(cli: Callable[..., Ran], record: AuditLog) -> None:
    lines = record.path.read_bytes().splitlines(keepends=True)
    record.path.write_bytes(lines[0] + lines[2])
    for args in ([], ["-n", "5"]):
        ran = cli("log", *args)
        assert ran.code == 2
        assert ran.out.startswith("1  ")
        assert len(ran.err.splitlines()) == 1


def test_status_says_what_is_in_force(cli: Callable[..., Ran], record: AuditLog, isolated: Path) -> None:
    ran = cli("status", "--format", "json")
    value = json.loads(ran.out)
    assert ran.code == 0
    assert value["schema"] == "safeload.status/1"
    assert value["state"]["SAFELOAD_HOME"] == str(isolated / "safeload")
    assert value["policy"]["in force"] == "standard"
    assert value["log"]["entries"] == 3
    assert value["worker"]["gave up"]
    assert value["extras"]["fickling"]
    assert "could not give up" in cli("status").out


def test_status_names_the_command_that_adds_what_is_missing(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeload.cli import status

    monkeypatch.setattr(status, "_version", lambda name: None if name == "py7zr" else "1.0")
    assert "not installed: pip install 'safeload[formats]'" in cli("status").out


def test_status_shows_the_rest_when_a_part_fails(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELOAD_POLICY", "strickt")
    ran = cli("status")
    assert ran.code == 2
    assert "strickt" in ran.out
    assert "gave up" in ran.out


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a file system that nobody can make a folder in")
def test_status_tells_a_home_that_not_even_root_can_make(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFELOAD_HOME", "/proc/safeload/state")
    assert json.loads(cli("status", "--format", "json").out)["state"]["writable"] is False


def test_status_never_shows_a_token(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "secret" * 5)
    monkeypatch.setenv("HF_ENDPOINT", "https://user:pass" + "word@hub.example")
    out = cli("status").out
    assert "secret" not in out
    assert "password" not in out
