"""`approve` and `deny`: about exactly these bytes, by somebody."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from safeload.decisions.interface import DeciderKind
from tests.cli.conftest import FakePipeline, Ran
from tests.report import samples


@pytest.fixture(autouse=True)
def answers(pipeline: FakePipeline) -> None:
    pipeline.answers = {"ask": samples.asked(), "block": samples.blocked(), "hostile": samples.hostile()}


def test_approve_prints_what_exactly_it_approves(cli: Callable[..., Ran], pipeline: FakePipeline) -> None:
    ran = cli("approve", "ask", "--loader", "torch", "--reason", "read its source")
    assert ran.code == 0
    assert f"Approved: someone/full-module@{samples.COMMIT}" in ran.out
    assert "model.pt" in ran.out
    assert "sha256:" + "a" * 64 in ran.out
    assert "TinyYolo" in ran.out
    assert "read its source" in ran.out
    assert "notes.bin" not in ran.out  # the load does not open it: it is not approved
    assert pipeline.settled[0]["allow"] is True


def test_without_a_terminal_the_decider_is_a_command(cli: Callable[..., Ran], pipeline: FakePipeline) -> None:
    cli("approve", "ask", "--reason", "x")
    assert pipeline.settled[0]["kind"] is DeciderKind.COMMAND


def test_on_a_terminal_the_decider_is_a_person(
    cli: Callable[..., Ran], pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safeload.terminal.somebody_there", lambda stdin, stderr: True)
    cli("approve", "ask", "--reason", "x")
    assert pipeline.settled[0]["kind"] is DeciderKind.PERSON


def test_a_block_is_refused_with_code_1(cli: Callable[..., Ran]) -> None:
    ran = cli("approve", "block", "--reason", "x")
    assert ran.code == 1
    assert ran.out == ""
    assert "was not approved" in ran.err


def test_an_override_is_handed_on(cli: Callable[..., Ran], pipeline: FakePipeline) -> None:
    assert cli("approve", "block", "--reason", "x", "--unsafe-override").code == 0
    assert pipeline.settled[0]["override"] is True


def test_deny(cli: Callable[..., Ran], pipeline: FakePipeline) -> None:
    ran = cli("deny", "block", "--reason", "never again")
    assert ran.code == 0
    assert ran.out.startswith("Denied: mallory/tiny-bert-pwned@")
    assert pipeline.settled[0]["allow"] is False


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_an_empty_reason_is_none(verb: str, cli: Callable[..., Ran], pipeline: FakePipeline) -> None:
    ran = cli(verb, "ask", "--reason", "  ")
    assert ran.code == 2
    assert pipeline.settled == []


def test_json(cli: Callable[..., Ran]) -> None:
    value = json.loads(cli("approve", "ask", "--reason", "x", "--format", "json").out)
    assert value["schema"] == "safeload.decision/1"
    assert (value["action"], value["decider"], value["note"]) == ("allow", "command", "x")
    assert [f["path"] for f in value["files"]] == ["model.pt"]


def test_hostile_names_come_out_as_text(cli: Callable[..., Ran]) -> None:
    out = cli("deny", "hostile", "--reason", "\x1b[31mred").out
    assert all(c == "\n" or c.isprintable() for c in out)
    assert r"\x1b[31mred" in out
