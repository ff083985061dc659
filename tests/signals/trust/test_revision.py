from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.trust.revision import Revision
from safeload.sources.interface import Origin, OriginKind, Role
from tests.signals.conftest import COMMIT, Observe

PROBE = Revision


def test_a_full_commit_supports(observe: Observe) -> None:
    signal = observe({"requested_revision": COMMIT})
    assert (signal.outcome, signal.summary) == (Outcome.SUPPORTS, "It is pinned to commit ccccccc.")


@pytest.mark.parametrize("asked", ["main", "v1.0", "c" * 7, "C" * 40, None, ""])
def test_a_name_that_can_move_is_neutral(observe: Observe, asked: str | None) -> None:
    signal = observe({"requested_revision": asked})
    assert signal.outcome is Outcome.NEUTRAL
    assert "can move; this is commit ccccccc" in signal.summary


def test_another_commit_than_the_one_asked_for_weighs_against(observe: Observe) -> None:
    assert observe({"requested_revision": "d" * 40}).outcome is Outcome.WEIGHS_AGAINST


@pytest.mark.parametrize("revision", [None, "main", "c" * 39])
def test_a_repository_at_no_commit_weighs_against(observe: Observe, revision: str | None) -> None:
    assert observe({"requested_revision": "main"}, revision=revision).outcome is Outcome.WEIGHS_AGAINST


def test_code_from_another_repository_at_no_commit_weighs_against(observe: Observe) -> None:
    code = Origin(kind=OriginKind.HUB, name="mallory/code", revision=None)
    roles = {"mallory/code--m.py": Role.CODE}
    signal = observe({"requested_revision": COMMIT}, roles=roles, others={"mallory/code--m.py": code})
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert "mallory/code" in signal.summary


@pytest.mark.parametrize("facts", [{}, {"requested_revision": 3}, {"requested_revision": ["main"]}])
def test_not_known_how_it_was_asked_for(observe: Observe, facts: dict[str, object]) -> None:
    assert observe(facts).outcome is Outcome.UNKNOWN


def test_local_files_are_neutral(observe: Observe) -> None:
    assert observe(local=True).outcome is Outcome.NEUTRAL
