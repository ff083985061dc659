"""`scan` and `review`: the contract that a CI job builds on."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from safeload.cli import exits
from safeload.errors import NotFound, Unreachable
from safeload.policy.interface import Action, Review
from safeload.report import text
from safeload.report.style import Style
from tests.cli.conftest import FakePipeline, Ran
from tests.report import samples

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schema" / "safeload.review-1.json").read_text())
CODES = {"allow": 0, "ask": 3, "block": 1, "error": 2}
STRICTEST = ["block", "error", "ask", "allow"]


@pytest.fixture
def four(pipeline: FakePipeline) -> FakePipeline:
    pipeline.answers = {
        "allow": samples.allowed(),
        "ask": samples.asked(),
        "block": samples.blocked(),
        "error": NotFound("There is no repository error.", next="Check its name."),
    }
    return pipeline


@pytest.mark.parametrize("verb", ["scan", "review"])
@pytest.mark.parametrize("target", CODES)
def test_exit_code_and_action(verb: str, target: str, four: FakePipeline, cli: Callable[..., Ran]) -> None:
    ran = cli(verb, "--format", "json", target)
    assert ran.code == CODES[target]
    value = json.loads(ran.out)
    jsonschema.validate(value, SCHEMA)
    assert value["action"] == target
    assert value["target"] == target
    assert [v for v, _ in four.asked] == [verb]


@pytest.mark.parametrize("targets", [*itertools.permutations(CODES, 2), *itertools.permutations(CODES, 3)])
def test_the_strictest_of_several_wins(targets: tuple[str, ...], four: FakePipeline, cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--format", "json", *targets)
    assert ran.code == CODES[min(targets, key=STRICTEST.index)]
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["target"] for line in lines] == list(targets)
    for line in lines:
        jsonschema.validate(line, SCHEMA)


def test_nothing_looked_at_is_no_allow() -> None:
    assert exits.strictest([]) == exits.ERROR


def test_a_failed_target_is_told_on_stderr_and_does_not_stop_the_others(
    four: FakePipeline, cli: Callable[..., Ran]
) -> None:
    ran = cli("scan", "error", "allow")
    assert ran.err == "safeload: error: There is no repository error. Check its name.\n"
    assert "acme/tiny-bert" in ran.out
    assert "There is no" not in ran.out


@pytest.mark.parametrize("verb", ["scan", "review"])
def test_a_mistake_of_ours_about_one_target_does_not_stop_the_others(
    verb: str, four: FakePipeline, cli: Callable[..., Ran]
) -> None:
    four.answers["odd"] = ZeroDivisionError("a name with \x1b[2J in it")
    ran = cli(verb, "--format", "json", "odd", "allow", "ask")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    for line in lines:
        jsonschema.validate(line, SCHEMA)
    assert [line["action"] for line in lines] == ["error", "allow", "ask"]
    assert ran.code == exits.ERROR
    assert "ZeroDivisionError" in ran.err and "odd: This is a mistake in safeload" in ran.err
    assert "\x1b" not in ran.err


def test_a_report_that_cannot_be_shown_does_not_stop_the_others(
    four: FakePipeline, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    render = text.render

    def odd(review: Review, *, style: Style) -> str:
        if review.call.target == "ask":
            raise KeyError("a rule without words")
        return render(review, style=style)

    monkeypatch.setattr(text, "render", odd)
    ran = cli("scan", "ask", "allow", "block")
    assert ran.code == exits.of_action(Action.BLOCK)
    assert "acme/tiny-bert" in ran.out and "mallory" in ran.out
    assert "ask: This is a mistake in safeload" in ran.err


def test_text_of_several_targets_is_divided_by_an_empty_line(four: FakePipeline, cli: Callable[..., Ran]) -> None:
    out = cli("scan", "allow", "ask").out
    assert out.count("\n\n? Your decision") == 1
    assert not out.startswith("\n")


def test_stdout_is_the_report_alone(four: FakePipeline, cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--format", "json", "block")
    assert ran.err == ""
    assert len(ran.out.splitlines()) == 1


def test_the_options_reach_the_call(four: FakePipeline, cli: Callable[..., Ran]) -> None:
    cli(
        "review", "allow", "--loader", "AutoModel", "--trust-remote-code", "--revision", "v1", "--option", "subfolder=x"
    )
    call = four.asked[0][1]
    assert (call.entry, call.trust_remote_code, call.revision) == ("AutoModel", True, "v1")
    assert call.options == {"subfolder": "x"}


@pytest.mark.parametrize(
    "args",
    [
        ("--revision", "main", "allow", "ask"),
        ("--policy", "strickt", "allow"),
        ("--option", "device=cpu", "allow"),
        ("--option", "subfolder", "allow"),
    ],
)
def test_a_wrong_option_is_one_line_and_code_2(
    args: tuple[str, ...], four: FakePipeline, cli: Callable[..., Ran]
) -> None:
    ran = cli("scan", *args)
    assert ran.code == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("safeload: ")


def test_an_empty_target_is_its_own_error(four: FakePipeline, cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--format", "json", "", "allow")
    assert ran.code == 2
    assert json.loads(ran.out.splitlines()[0])["error"]["code"] == "usage"
    assert json.loads(ran.out.splitlines()[1])["action"] == "allow"


def test_hostile_text_of_an_error_comes_out_as_text(pipeline: FakePipeline, cli: Callable[..., Ran]) -> None:
    pipeline.answers = {"x": Unreachable("\x1b]0;owned\x07\u202e said no", next="\r\nsafeload: all is well")}
    ran = cli("scan", "x")
    assert ran.err == "safeload: x: \\x1b]0;owned\\x07\\u202e said no. \\r\\nsafeload: all is well\n"


def test_ctrl_c_is_130_and_leaves_no_traceback(pipeline: FakePipeline, cli: Callable[..., Ran]) -> None:
    pipeline.answers = {"x": KeyboardInterrupt()}
    ran = cli("scan", "x")
    assert ran.code == 130
    assert ran.err == "safeload: Interrupted. Nothing was loaded.\n"
