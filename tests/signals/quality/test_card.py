from __future__ import annotations

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.quality.card import Card
from tests.signals.conftest import Observe

PROBE = Card
TEXT = "# Tiny\n## Intended use\n\n## How to use\n### Limitations and bias\n## Training data\n## Evaluation\n"


def test_a_card_that_speaks_of_what_people_look_for_supports(observe: Observe) -> None:
    signal = observe({"card": {"language": ["en"]}, "card_text": TEXT})
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "The model card speaks of 6 of 6 things that people look for."


def test_what_is_missing_is_named(observe: Observe) -> None:
    signal = observe({"card": {"language": "en", "datasets": ["acme/reviews"]}, "card_text": "# Tiny\n"})
    assert signal.outcome is Outcome.NEUTRAL
    assert "2 of 6" in signal.summary
    assert "nothing on intended use, how to use it, limitations, evaluation" in signal.summary


@pytest.mark.parametrize(
    "facts", [{"card": {}, "card_text": ""}, {"card": {}}, {"card_text": " \n"}, {"card": {"x": 1}, "card_text": "hi"}]
)
def test_no_card_or_an_empty_one_weighs_against(observe: Observe, facts: dict[str, object]) -> None:
    assert observe(facts).outcome is Outcome.WEIGHS_AGAINST


def test_words_in_running_text_are_no_section(observe: Observe) -> None:
    assert observe({"card": {}, "card_text": "limitations evaluation intended use training"}).outcome is (
        Outcome.WEIGHS_AGAINST
    )


@pytest.mark.parametrize("facts", [{}, {"card": None}, {"card": [], "card_text": 3}])
def test_no_answer_is_unknown(observe: Observe, facts: dict[str, object]) -> None:
    signal = observe(facts, unanswered={"card": "it is too large"})
    assert signal.outcome is Outcome.UNKNOWN
    assert signal.evidence == ("it is too large",)


def test_a_folder_has_its_own_card_and_a_file_has_none(observe: Observe) -> None:
    assert observe(local=True, files={"README.md": TEXT.encode() + b"\xff"}).outcome is Outcome.SUPPORTS
    assert observe(local=True, files={"config.json": b"{}"}).outcome is Outcome.WEIGHS_AGAINST
    assert observe(local=True).outcome is Outcome.UNKNOWN


def test_a_card_made_to_be_slow_is_not(observe: Observe) -> None:
    assert observe({"card": {}, "card_text": "#" * 100_000 + " " * 100_000}).outcome is Outcome.WEIGHS_AGAINST
    assert observe({"card": {}, "card_text": "# a\n" * 50_000}).outcome is Outcome.WEIGHS_AGAINST
