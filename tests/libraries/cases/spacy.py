"""spaCy: pipelines in folders."""

from __future__ import annotations

LOADERS = ("spacy",)
DISTRIBUTION = "spacy"
ATTACK = "none that is known to work: a pickle in the folder is looked at, though spaCy opens none"
PROTECTED = True


def make(folder, marker):
    import pickle

    import spacy

    from tests.libraries.payload import Runs

    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Acme"}])
    nlp.to_disk(folder / "model")
    if marker:
        (folder / "model" / "vocab" / "more.pkl").write_bytes(pickle.dumps(Runs(marker)))


def ways():
    import spacy
    from spacy import load

    def used(nlp):
        return repr([(entity.text, entity.label_) for entity in nlp("By Acme.").ents])

    return {
        "spacy.load": ("model", lambda path: used(spacy.load(path))),
        "from spacy import load": ("model", lambda path: used(load(str(path)))),
    }
