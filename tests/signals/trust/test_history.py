from __future__ import annotations

from typing import Any

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.trust.history import History
from tests.signals.conftest import Observe

PROBE = History


def a_commit(author: str, at: str = "2025-01-01T00:00:00Z", title: str = "Add weights") -> dict[str, Any]:
    return {"id": "1", "title": title, "authors": [author], "at": at}


OLD = "2024-05-02T09:00:00.000Z"
STEADY = [a_commit("ada"), a_commit("bob"), a_commit("ada"), a_commit("ada")]


def test_an_old_repository_supports(observe: Observe) -> None:
    signal = observe({"created_at": OLD, "commits": STEADY})
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "The repository was made 2 years ago, and has 4 commits by 2 people."


@pytest.mark.parametrize(
    ("created", "outcome", "words"),
    [
        ("2026-11-20T11:00:00+00:00", Outcome.WEIGHS_AGAINST, "made today"),
        ("2026-11-19T11:00:00+00:00", Outcome.WEIGHS_AGAINST, "made yesterday"),
        ("2026-11-01T00:00:00", Outcome.WEIGHS_AGAINST, "made 19 days ago"),
        ("2026-09-01T00:00:00Z", Outcome.NEUTRAL, "made 2 months ago"),
        ("2022-03-02T23:29:04.000Z", Outcome.SUPPORTS, "made 4 years ago"),
    ],
)
def test_age(observe: Observe, created: str, outcome: Outcome, words: str) -> None:
    signal = observe({"created_at": created})
    assert signal.outcome is outcome
    assert words in signal.summary


def test_a_recent_change_by_somebody_new_weighs_against(observe: Observe) -> None:
    recent = a_commit("mallory", "2026-11-17T00:00:00Z", title="Update weights")
    signal = observe({"created_at": OLD, "commits": [recent, *STEADY]})
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert "by mallory, who had changed nothing here before" in signal.summary
    assert "latest: Update weights" in signal.evidence


def test_somebody_new_long_ago_or_somebody_known_is_no_news(observe: Observe) -> None:
    for commit in (a_commit("mallory", "2026-01-01T00:00:00Z"), a_commit("bob", "2026-11-17T00:00:00Z")):
        assert observe({"created_at": OLD, "commits": [commit, *STEADY]}).outcome is Outcome.SUPPORTS


def test_dates_of_commits_do_not_make_a_repository_old(observe: Observe) -> None:
    """Whoever commits writes the dates."""
    assert observe({"created_at": "2026-11-19T00:00:00Z", "commits": STEADY}).outcome is Outcome.WEIGHS_AGAINST
    assert observe({"commits": STEADY}).outcome is Outcome.NEUTRAL


def test_a_page_of_commits_is_at_least_that_many(observe: Observe) -> None:
    assert "at least 50 commits by 1 person" in observe({"created_at": OLD, "commits": [a_commit("ada")] * 50}).summary


def test_a_date_in_the_future_is_unknown(observe: Observe) -> None:
    assert observe({"created_at": "2030-01-01T00:00:00Z"}).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("created", [None, 3, "yesterday", [], {"a": 1}])
def test_no_answer_is_unknown(observe: Observe, created: object) -> None:
    signal = observe({"created_at": created, "commits": "many"}, unanswered={"created_at": "the hub does not say"})
    assert signal.outcome is Outcome.UNKNOWN
    assert signal.evidence == ("the hub does not say",)
    assert observe(local=True).outcome is Outcome.UNKNOWN


def test_odd_commits_are_left_out(observe: Observe) -> None:
    odd: list[Any] = [None, 3, {}, {"authors": "ada", "at": 3}, {"authors": [None, 3, "ada"], "title": ["x"]}]
    assert observe({"created_at": OLD, "commits": odd}).outcome is Outcome.SUPPORTS
