from __future__ import annotations

from typing import Any

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.quality.evaluations import Evaluations
from tests.signals.conftest import Observe

PROBE = Evaluations
CLAIM = {"dataset": {"id": "acme/reviews"}, "value": 0.87}


def in_card(**metric: Any) -> list[dict[str, Any]]:
    return [{"name": "x", "results": [{"metrics": [{"type": "accuracy", "value": 0.87, **metric}]}]}]


def test_what_the_hub_verified_supports(observe: Observe) -> None:
    signal = observe({"eval_results": [{"verified": True, "data": CLAIM}, {"data": CLAIM}]})
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "The hub has verified 1 of 2 evaluation results."


@pytest.mark.parametrize(
    "facts",
    [
        {"model_index": in_card()},
        {"model_index": in_card(verified=True, verifyToken="made up")},
        {"eval_results": [{**CLAIM, "verified": True}]},
        {"eval_results": [{"data": {**CLAIM, "verified": True}}]},
        {"eval_results": [], "model_index": in_card()},
    ],
)
def test_what_the_publisher_claims_weighs_against(observe: Observe, facts: dict[str, Any]) -> None:
    signal = observe(facts)
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert signal.summary == "1 evaluation result claimed by the publisher; nothing verifies them."


@pytest.mark.parametrize("entry", [{**CLAIM, "verifyToken": "x"}, {"data": {**CLAIM, "verifyToken": "x"}}])
def test_a_token_that_nobody_checked_is_neutral(observe: Observe, entry: dict[str, Any]) -> None:
    signal = observe({"eval_results": [entry]})
    assert signal.outcome is Outcome.NEUTRAL
    assert "not checked here" in signal.summary


def test_no_results_are_neutral(observe: Observe) -> None:
    assert observe({"eval_results": []}).summary == "No evaluation results are stated."
    assert observe({"eval_results": [{"error": "invalid", "filename": "x"}]}).outcome is Outcome.NEUTRAL


@pytest.mark.parametrize("facts", [{}, {"eval_results": None}, {"eval_results": "good", "model_index": 3}])
def test_no_answer_is_unknown(observe: Observe, facts: dict[str, Any]) -> None:
    assert observe(facts).outcome is Outcome.UNKNOWN
    assert observe({"eval_results": []}, local=True).outcome is Outcome.UNKNOWN


def test_odd_entries_are_left_out(observe: Observe) -> None:
    odd: list[Any] = [3, None, {"results": [None, {"metrics": "many"}, {"metrics": [3]}]}]
    assert observe({"model_index": odd, "eval_results": [3, None]}).outcome is Outcome.NEUTRAL
