"""spaCy's `config.cfg`: functions that only build a model are ordinary, everything else that is called asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from safeload.sources.interface import Role
from tests.scanners.formats import report_on, rule_ids, verdict

USUAL = """
[paths]
train = null

[nlp]
lang = "en"
pipeline = ["tagger"]
before_creation = null

[nlp.tokenizer]
@tokenizers = "spacy.Tokenizer.v1"

[components]

[components.tagger]
factory = "tagger"

[components.tagger.model]
@architectures = "spacy.Tagger.v2"

[components.tagger.model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
width = ${components.tagger.width}

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[training.logger]
@loggers = "spacy.ConsoleLogger.v1"
progress_bar = false

[training.optimizer]
@optimizers = "Adam.v1"
"""
LOGGER = '"@loggers": "spacy.ConsoleLogger.v3", "output_file": "/somewhere/log"'


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def look(workers: Workers, text: str) -> Report:
    return report_on(workers, text.encode(), name="config.cfg", role=Role.CONFIG)


def test_an_ordinary_pipeline_is_allowed(workers: Workers) -> None:
    report = look(workers, USUAL)
    assert rule_ids(report) == set()
    assert verdict(report) is Action.ALLOW


@pytest.mark.parametrize(
    "settings",
    [
        '[nlp.before_creation]\n@loggers = "spacy.ConsoleLogger.v3"\noutput_file = "/somewhere/log"\n',
        '[nlp.after_creation]\n@callbacks = "spacy.copy_from_base_model.v1"\ntokenizer = "/elsewhere"\n',
        '[nlp.before_creation]\n@callbacks = "mallory.v1"\n',
        '[initialize.before_init]\n@callbacks = "mallory.v1"\n',
        '[components.other]\nfactory = "mallory"\n',
        '[components.other]\nsource = "/elsewhere"\n',
        f"[components.inline]\nmodel = {{{LOGGER}}}\n",
        f"[components.deeper]\nmodel = [[{{{LOGGER}}}]]\n",
        '[components.text]\nmodel = ["{\\"@loggers\\": \\"spacy.ConsoleLogger.v3\\"}"]\n',
        '[components.escaped]\nmodel = ["{\\"\\\\u0040loggers\\": \\"spacy.ConsoleLogger.v3\\"}"]\n',
        '[components.inline]\nmodel = {"factory": "mallory"}\n',
        "[nlp.after_creation]\n@callbacks = ${paths.function}\n",
        '[components.other]\nmodel = {"${paths.key}": "spacy.ConsoleLogger.v3"}\n',
        "[nlp.after_creation]\nlogger = ${training.logger}\n",
        '[training.other]\n@loggers = "spacy.ConsoleLogger.v3"\n',
    ],
)
def test_what_does_more_than_build_a_model_asks(workers: Workers, settings: str) -> None:
    report = look(workers, USUAL + settings)
    assert rule_ids(report) == {"config-registered-function"}
    assert verdict(report) is Action.ASK


def test_settings_of_another_program_are_a_text(workers: Workers) -> None:
    report = look(workers, "width 3\nheight = 2 @ 3\n")
    assert verdict(report) is Action.ALLOW
