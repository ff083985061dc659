"""The command line against the local hub: nothing between them is faked."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pexpect
import pytest

from tests.cli.conftest import Ran

pytestmark = pytest.mark.heavy

if TYPE_CHECKING:
    from hub.server import Hub

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "safeload.review-1.json").read_text())
COMMIT = re.compile("[0-9a-f]{40}")


def objects(ran: Ran) -> list[dict[str, Any]]:
    values = [json.loads(line) for line in ran.out.splitlines()]
    for value in values:
        jsonschema.validate(value, SCHEMA)
    return values


@pytest.mark.parametrize(
    ("target", "action", "code"),
    [
        ("acme/tiny-bert", "allow", 0),
        ("acme/tiny-bert-bin", "allow", 0),
        ("mallory/tiny-bert-pwned", "block", 1),
        ("mallory/tiny-bert-legacy-pwned", "block", 1),
        ("someone/full-module", "ask", 3),
        ("acme/nothing", "ask", 3),
        ("nobody/at-all", "error", 2),
        ("acme/gated", "error", 2),
    ],
)
def test_scan(target: str, action: str, code: int, hub_env: Hub, cli: Callable[..., Ran], marker: Path) -> None:
    ran = cli("scan", "--format", "json", target)
    (value,) = objects(ran)
    assert (value["action"], ran.code) == (action, code)
    if action != "error":
        assert COMMIT.fullmatch(value["snapshot"]["revision"])
    assert not marker.exists()


def test_several_targets_in_one_report(hub_env: Hub, cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--format", "json", "acme/tiny-bert", "nobody/at-all", "mallory/tiny-bert-pwned")
    assert ran.code == 1
    assert [value["action"] for value in objects(ran)] == ["allow", "error", "block"]
    assert "nobody/at-all" in ran.err


def test_scan_asks_for_no_signals_and_review_does(hub_env: Hub, cli: Callable[..., Ran]) -> None:
    assert objects(cli("scan", "--format", "json", "acme/tiny-bert"))[0]["signals"] == []
    signals = objects(cli("review", "--format", "json", "acme/tiny-bert"))[0]["signals"]
    assert {s["dimension"] for s in signals} == {"trust", "quality"}


def test_a_hub_that_is_down(cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--format", "json", "acme/tiny-bert")
    assert ran.code == 2
    assert objects(ran)[0]["error"]["code"] == "unreachable"
    assert "Traceback" not in ran.err


def test_the_command_that_a_question_names_approves_it(hub_env: Hub, cli: Callable[..., Ran]) -> None:
    asked = cli("scan", "someone/full-module")
    assert asked.code == 3
    command = next(line.strip() for line in asked.out.splitlines() if line.strip().startswith("safeload approve "))
    ran = cli(*shlex.split(command)[1:])
    assert ran.code == 0, ran.err
    assert re.search(r"Approved: someone/full-module@[0-9a-f]{40}", ran.out)
    assert re.search(r"sha256:[0-9a-f]{64}", ran.out)
    assert "approved" in cli("log").out
    assert cli("log", "--verify").code == 0


def test_a_block_cannot_be_approved(hub_env: Hub, cli: Callable[..., Ran]) -> None:
    ran = cli("approve", "mallory/tiny-bert-pwned", "--reason", "I want it")
    assert ran.code == 1
    assert ran.out == ""
    assert "Traceback" not in ran.err


def test_hostile_text_of_a_repository_comes_out_as_text(hub_env: Hub, cli: Callable[..., Ran]) -> None:
    for verb in ("scan", "review"):
        out = cli(verb, "mallory/hostile-text").out
        assert out
        assert [c for c in out if c != "\n" and not c.isprintable()] == []


SCRIPT = """
import sys, torch
from huggingface_hub import hf_hub_download
path = hf_hub_download("someone/full-module", "model.pt")
model = torch.load(path, weights_only=False)
print("loaded", type(model).__name__)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_a_script_stops_at_a_question_until_it_is_approved(script: Path, child_env: dict[str, str]) -> None:
    def safeload(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "safeload", *args]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=100, env=child_env, stdin=subprocess.DEVNULL
        )

    stopped = safeload("run", str(script))
    assert (stopped.returncode, stopped.stdout) == (3, ""), stopped.stderr
    assert "Traceback" not in stopped.stderr
    (message,) = [line for line in stopped.stderr.splitlines() if line.startswith("safeload: ")]
    command = message[message.index("safeload approve ") :]
    approved = safeload(*shlex.split(command)[1:])
    assert approved.returncode == 0, approved.stderr
    went = safeload("run", str(script))
    assert went.returncode == 0, went.stderr
    assert went.stdout.startswith("loaded ")


@pytest.mark.parametrize(("typed", "exit_code"), [("y", 0), ("", 1)])
def test_a_script_on_a_terminal_asks(typed: str, exit_code: int, script: Path, child_env: dict[str, str]) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "safeload", "run", str(script)],
        encoding="utf-8",
        timeout=100,
        env={**child_env, "TERM": "xterm"},
        dimensions=(50, 120),
    )
    child.expect_exact("Load it? [y/N] ")
    child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == exit_code, child.before
    assert ("loaded " in child.before) is (exit_code == 0)
    assert "Traceback" not in child.before


def test_what_was_denied_is_not_asked_about_again(script: Path, hub_env: Hub, child_env: dict[str, str]) -> None:
    def safeload(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "safeload", *args]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=100, env=child_env, stdin=subprocess.DEVNULL
        )

    stopped = safeload("run", str(script))
    command = stopped.stderr[stopped.stderr.index("safeload approve ") :]
    assert safeload("deny", *shlex.split(command)[2:]).returncode == 0
    denied = safeload("run", str(script))
    assert (denied.returncode, denied.stdout) == (1, "")
    assert "said no" in denied.stderr


def test_the_fake_pipeline_has_the_real_one_s_signatures() -> None:
    import inspect

    from safeload import pipeline
    from tests.cli.conftest import FakePipeline

    for name in ("scan", "review", "settle"):
        real = list(inspect.signature(getattr(pipeline, name)).parameters)
        assert list(inspect.signature(getattr(FakePipeline, name)).parameters) == ["self", *real]
