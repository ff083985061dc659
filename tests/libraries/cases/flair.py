"""Flair: taggers, in checkpoints of torch."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("torch",)
DISTRIBUTION = "flair"
# It asks for transformers before 5, whose huggingface_hub the datasets of today do not take.
REQUIRES = ("flair", "datasets<5")
ASKED = True  # its own classes of labels and embeddings are on no list
ATTACK = "a checkpoint whose pickle calls a function; it is read by `torch.load(…, weights_only=False)`"


def make(folder, marker):
    import torch
    from flair.data import Dictionary
    from flair.embeddings import CharacterEmbeddings
    from flair.models import SequenceTagger

    labels = Dictionary(add_unk=False)
    for label in ("A", "B"):
        labels.add_item(label)
    letters = Dictionary(add_unk=True)
    letters.add_item("a")
    tagger = SequenceTagger(CharacterEmbeddings(letters), labels, tag_type="pos", hidden_size=4)
    tagger.save(folder / "tagger.pt")
    if marker:
        state = torch.load(folder / "tagger.pt", weights_only=False)
        torch.save({**state, "more": Runs(marker)}, folder / "tagger.pt")


def ways():
    from flair.file_utils import load_torch_state
    from flair.models import SequenceTagger

    def read(path):
        return f"{len(list(SequenceTagger.load(str(path)).parameters()))} parameters"

    return {
        "flair.models.SequenceTagger.load": ("tagger.pt", read),
        "from flair.file_utils import load_torch_state": (
            "tagger.pt",
            lambda path: sorted(load_torch_state(str(path))),
        ),
    }
