"""spaCy: its strings are data; what else it pickles brings along a pickle of its own, which is a question."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.process import Worker
from safeload.policy.interface import Action

from .judging import judge

spacy = pytest.importorskip("spacy")
ASKS: dict[str, Callable[[], Any]] = {
    "vocabulary": lambda: spacy.blank("en").vocab,
    "document": lambda: spacy.blank("en")("Hello there."),
    "pipeline": lambda: spacy.blank("en"),
}


@pytest.mark.parametrize("name", ASKS)
def test_what_unpickles_functions_of_its_own_is_a_question_and_no_block(name: str, worker: Worker) -> None:
    verdict = judge(pickle.dumps(ASKS[name]()), worker)
    assert verdict.action is Action.ASK
    assert any("spacy." in reason.text for reason in verdict.reasons)


def test_strings_are_data(worker: Worker) -> None:
    assert judge(pickle.dumps(spacy.blank("en").vocab.strings), worker).action is Action.ALLOW
