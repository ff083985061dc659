from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.trust.publisher import Publisher
from safeload.sources.interface import Origin, OriginKind, Role
from tests.signals.conftest import COMMIT, Observe

PROBE = Publisher
ACME = {"name": "acme", "verified": True, "members": 12, "followers": 5210}


def test_a_verified_organisation_supports(observe: Observe) -> None:
    signal = observe({"organisation": ACME, "author": "acme"})
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "acme is a verified organisation with 12 members."
    assert signal.evidence == ("5,210 followers",)


def test_one_member(observe: Observe) -> None:
    assert "1 member." in observe({"organisation": {**ACME, "members": 1}}).summary


def test_an_organisation_that_is_not_verified_is_neutral(observe: Observe) -> None:
    signal = observe({"organisation": {**ACME, "verified": False}})
    assert signal.outcome is Outcome.NEUTRAL
    assert "has not verified" in signal.summary


def test_a_person_is_neutral(observe: Observe) -> None:
    signal = observe({"organisation": {"person": True, "name": "mallory", "verified": True}}, name="mallory/x")
    assert signal.outcome is Outcome.NEUTRAL
    assert "one person's account" in signal.summary


def test_another_name_than_the_one_asked_for_weighs_against(observe: Observe) -> None:
    signal = observe({"organisation": ACME, "author": "mallory"})
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert signal.summary == "acme was asked for, but the hub says that mallory publishes this."
    assert observe({"organisation": ACME, "author": "Acme"}).outcome is Outcome.SUPPORTS
    assert observe({"organisation": ACME, "author": "acme"}, name="bert-base").outcome is Outcome.SUPPORTS


def test_a_verified_name_does_not_speak_for_other_repositories(observe: Observe) -> None:
    code = Origin(kind=OriginKind.HUB, name="mallory/code", revision=COMMIT)
    roles = {"model.safetensors": Role.WEIGHTS, "mallory/code--m.py": Role.CODE}
    signal = observe({"organisation": ACME}, roles=roles, others={"mallory/code--m.py": code})
    assert signal.outcome is Outcome.NEUTRAL
    assert "also opens files of mallory/code" in signal.summary


@pytest.mark.parametrize("organisation", [None, [], "acme", {}, {"name": 3}, {"name": ""}, {"verified": True}])
def test_no_answer_is_unknown(observe: Observe, organisation: object) -> None:
    signal = observe({"organisation": organisation}, unanswered={"organisation": "the hub was not asked"})
    assert signal.outcome is Outcome.UNKNOWN
    assert signal.summary == "The hub did not say who the publisher is."
    assert signal.evidence == ("the hub was not asked",)


@pytest.mark.parametrize("verified", [None, "true", 1, [True]])
def test_only_true_is_true(observe: Observe, verified: object) -> None:
    assert observe({"organisation": {**ACME, "verified": verified}}).outcome is Outcome.UNKNOWN


def test_local_files_are_unknown(observe: Observe) -> None:
    assert observe({"organisation": ACME}, local=True).outcome is Outcome.UNKNOWN


def test_a_hostile_name_comes_out_as_text(observe: Observe) -> None:
    signal = observe({"organisation": {**ACME, "name": "\x1b[31macme\u202e" + "x" * 10_000}})
    assert signal.summary.isprintable()
    assert len(signal.summary) < 300
