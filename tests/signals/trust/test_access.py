from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.trust.access import Access
from tests.signals.conftest import Observe

PROBE = Access


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"gated": False, "private": False}, "public"),
        ({"gated": "auto", "private": False}, "given to everybody who agrees"),
        ({"gated": "manual", "private": False}, "given by hand"),
        ({"gated": True}, "gated"),
        ({"gated": False, "private": True}, "private"),
    ],
)
def test_what_the_publisher_sets_never_supports(observe: Observe, facts: dict[str, object], words: str) -> None:
    signal = observe(facts)
    assert signal.outcome is Outcome.NEUTRAL
    assert words in signal.summary


def test_a_disabled_repository_weighs_against(observe: Observe) -> None:
    assert observe({"disabled": True, "gated": False, "private": False}).outcome is Outcome.WEIGHS_AGAINST


@pytest.mark.parametrize("facts", [{}, {"gated": []}, {"private": False}, {"gated": False}, {"gated": 0, "private": 0}])
def test_no_answer_is_unknown(observe: Observe, facts: dict[str, object]) -> None:
    assert observe(facts).outcome is Outcome.UNKNOWN


def test_local_files_are_neutral(observe: Observe) -> None:
    assert observe(local=True).outcome is Outcome.NEUTRAL
