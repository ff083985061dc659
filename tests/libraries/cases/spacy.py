"""spaCy: pipelines, whose settings name functions."""

from __future__ import annotations

LOADERS = ("spacy",)
DISTRIBUTION = "spacy"
REQUIRES = ("spacy",)
ATTACK = "`config.cfg` that has a logger made, which makes any folder, with spaCy alone installed"


def make(folder, marker):
    import spacy

    nlp = spacy.blank("en")
    for name in ("sentencizer", "entity_ruler"):
        nlp.add_pipe(name)
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Mallory"}])
    nlp.add_pipe("attribute_ruler").add([[{"ORTH": "is"}]], {"LEMMA": "be"})
    nlp.to_disk(folder / "pipeline")
    if marker:
        settings = folder / "pipeline" / "config.cfg"
        scorer = '@scorers = "spacy.senter_scorer.v1"'
        called = f'@loggers = "spacy.ConsoleLogger.v3"\noutput_file = "{marker}/log"'
        settings.write_text(settings.read_text().replace(scorer, called))


def ways():
    import spacy
    from spacy import load
    from spacy.util import load_model

    def used(nlp):
        doc = nlp("This is Mallory. That is not.")
        return [[one.text for one in doc.sents], [one.label_ for one in doc.ents], [one.lemma_ for one in doc]]

    return {
        "spacy.load": ("pipeline", lambda path: used(spacy.load(path))),
        "spacy.load of a text": ("pipeline", lambda path: used(spacy.load(str(path)))),
        "from spacy import load": ("pipeline", lambda path: used(load(path))),
        "from spacy.util import load_model": ("pipeline", lambda path: used(load_model(path))),
    }
