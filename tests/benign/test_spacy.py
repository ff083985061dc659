"""What spaCy pickles: strings are data; whatever holds a vocabulary brings along a pickle of its own, and asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, pickled

spacy = pytest.importorskip("spacy")


def _text() -> Any:
    return spacy.blank("en")("Hello there.")


def _trained() -> Any:
    """A pipeline with a component that learns."""
    pipeline = spacy.blank("en")
    pipeline.add_pipe("tagger").add_label("NOUN")
    pipeline.initialize()
    return pipeline


def _matcher() -> Any:
    made = spacy.matcher.Matcher(spacy.blank("en").vocab)
    made.add("greeting", [[{"LOWER": "hello"}]])
    return made


def _phrases() -> Any:
    pipeline = spacy.blank("en")
    made = spacy.matcher.PhraseMatcher(pipeline.vocab)
    made.add("greeting", [pipeline("Hello there")])
    return made


def _example() -> Any:
    return spacy.training.Example.from_dict(_text(), {"words": ["Hello", "there", "."]})


CASES: dict[str, Callable[[], Any]] = {
    "strings": lambda: spacy.blank("en").vocab.strings,
    "vocabulary": lambda: spacy.blank("en").vocab,
    "document": _text,
    "documents in one": lambda: spacy.tokens.DocBin(docs=[_text()]),
    "pipeline": lambda: spacy.blank("en"),
    "trained pipeline": _trained,
    "word vectors": lambda: spacy.vectors.Vectors(shape=(2, 3)),
    "lookup table": lambda: spacy.lookups.Table("lemmas", {"ran": "run"}),
    "matcher": _matcher,
    "matcher of phrases": _phrases,
    "example for training": _example,
}
VOCABULARY = "Its vocabulary brings a pickle of its own, which spaCy unpickles with whatever functions it names."
COMPILED = "spaCy builds it from bytes in compiled code, which nobody held against those bytes."
ASKS: dict[str, str] = {
    **dict.fromkeys(("vocabulary", "document", "pipeline", "trained pipeline"), VOCABULARY),
    **dict.fromkeys(("matcher", "matcher of phrases", "example for training"), VOCABULARY),
    "word vectors": COMPILED,
    "lookup table": COMPILED,
    "documents in one": COMPILED,
}


def write(value: Any) -> list[bytes]:
    return pickled(value)


SUITE = Suite(library="spaCy", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)


@pytest.mark.parametrize("name", ASKS)
def test_a_question_names_what_it_is_about(name: str, worker: Worker) -> None:
    assert any("spacy." in reason for reason in SUITE.verdict(name, worker)[1])
