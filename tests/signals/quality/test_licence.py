from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.quality.licence import Licence
from tests.signals.conftest import Observe

PROBE = Licence


@pytest.mark.parametrize("licence", ["apache-2.0", "MIT", ["mit", "apache-2.0"]])
def test_a_free_licence_supports(observe: Observe, licence: object) -> None:
    signal = observe({"card": {"license": licence}})
    assert signal.outcome is Outcome.SUPPORTS
    assert "The card states the licence" in signal.summary


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"license": "cc-by-nc-4.0"}, "forbids commercial use"),
        ({"license": "llama3"}, "has conditions"),
        ({"license": ["mit", "llama3"]}, "has conditions"),
        ({"license": "other", "license_name": "acme-community"}, "a licence of its own, 'acme-community'"),
        ({"license": "other", "license_name": 3}, "a licence of its own; read it"),
    ],
)
def test_conditions_are_neutral(observe: Observe, card: dict[str, object], words: str) -> None:
    signal = observe({"card": card})
    assert signal.outcome is Outcome.NEUTRAL
    assert words in signal.summary


@pytest.mark.parametrize(
    "card", [{}, {"license": ""}, {"license": "unknown"}, {"license": None}, {"license": {"a": 1}}]
)
def test_no_licence_weighs_against(observe: Observe, card: dict[str, object]) -> None:
    assert observe({"card": card}).outcome is Outcome.WEIGHS_AGAINST
    assert observe({"card": card}, files={"LICENSE": b"..."}).outcome is Outcome.NEUTRAL


@pytest.mark.parametrize("facts", [{}, {"card": None}, {"card": "mit"}])
def test_no_answer_is_unknown(observe: Observe, facts: dict[str, object]) -> None:
    assert observe(facts).outcome is Outcome.UNKNOWN
    assert observe(local=True).outcome is Outcome.UNKNOWN
