"""Sentences that several faces share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from safeload.errors import NotFound, PolicyError
from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Verdict
from safeload.report import words
from safeload.report.following import next_step
from safeload.scanners.interface import How, Location, Unscanned
from tests.report import samples


@pytest.mark.parametrize(
    ("n", "said"), [(0, "0 B"), (999, "999 B"), (4_100, "4.1 kB"), (438_000_000, "438 MB"), (999_600, "1.0 MB")]
)
def test_size(n: int, said: str) -> None:
    assert words.size(n) == said


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_no_sentence_calls_anything_safe(name: str) -> None:
    review = samples.SAMPLES[name]()
    step = next_step(review)
    said = " ".join([words.sentence(review), *(a.text for a in words.answers(review)), step.text if step else ""])
    assert "safe " not in said.replace("safetensors", "")


def test_a_report_over_ranges_says_that_no_weights_were_downloaded() -> None:
    review = samples.blocked()
    assert "No weights have been downloaded" in words.sentence(review)
    local = replace(review.assessment.report, how=How.LOCAL)
    here = replace(review, assessment=replace(review.assessment, report=local))
    assert "downloaded" not in words.sentence(here)
    assert "Nothing of it has run." in words.sentence(here)


def test_a_block_without_override_offers_no_command_with_one_it_does() -> None:
    review = samples.blocked()
    step = next_step(review)
    assert step is not None and step.command == ""
    step = next_step(replace(review, policy=replace(review.policy, unsafe_override=True)))
    assert step is not None and "--unsafe-override" in step.command


def test_a_path_that_cannot_be_shown_gets_no_command_that_would_name_another_file() -> None:
    step = next_step(samples.hostile())
    assert step is not None and step.command == "" and "rename" in step.text


def test_what_is_incomplete_gets_no_command() -> None:
    review = samples.asked()
    report = review.assessment.report
    gap = Unscanned(location=Location(artifact="model.pt"), reason=GapReason.MISSING, detail="")
    missing = replace(report, results=(gap, report.results[-1]))
    step = next_step(replace(review, assessment=replace(review.assessment, report=missing)))
    assert step is not None and step.command == "" and "incomplete" in step.text


def test_nothing_is_said_twice() -> None:
    review = samples.blocked()
    (result,) = review.assessment.report.results
    rule = replace(samples.DANGEROUS, fix="Do not load it. Ask for another.")
    results = (replace(result, findings=(replace(result.findings[0], rule=rule),)),)
    report = replace(review.assessment.report, results=results)
    step = next_step(replace(review, assessment=replace(review.assessment, report=report)))
    assert step is not None and step.text.startswith("Do not load it. Ask for another. The policy")


def test_silence_is_not_an_answer() -> None:
    unasked = samples.asked()
    assert [a.text for a in words.answers(unasked)][1:] == ["Not asked.", "Not asked."]
    empty = replace(unasked, verdict=Verdict(reasons=()))
    assert empty.verdict.action is Action.BLOCK
    assert words.answers(empty)[0].text == "Nothing is known about it."


def test_an_allowed_gap_is_not_called_read() -> None:
    review = samples.allowed()
    report = review.assessment.report
    gap = Unscanned(location=Location(artifact="model.safetensors"), reason=GapReason.LIMIT, detail="")
    partial = replace(report, results=(*report.results[:2], gap))
    said = words.answers(replace(review, assessment=replace(review.assessment, report=partial)))[0].text
    assert "could not be read" in said


def test_an_error_is_one_plain_line() -> None:
    assert words.error_line(NotFound("No \x1b[31m\nsuch", next="Look again.")) == r"No \x1b[31m\nsuch. Look again."


def test_a_mistake_in_a_policy_keeps_its_line_and_caret() -> None:
    error = PolicyError("p.toml, line 2: no key.\n    hi\x1bhg = 1\n    ^^^^", next="Did you mean 'high'?")
    assert words.error_line(error).splitlines() == [
        "p.toml, line 2: no key.", r"    hi\x1bhg = 1", "    ^^^^", "Did you mean 'high'?"
    ]  # fmt: skip
