"""fastai: learners are pickled whole."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("torch", "huggingface_hub")
DISTRIBUTION = "fastai"
REQUIRES = ("fastai",)
ASKED = True  # a learner holds its callbacks and its data, whose classes are on no list
ATTACK = "a learner whose pickle calls a function; it goes through `torch.load(…, weights_only=False)`"


def make(folder, marker):
    import torch
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner

    data = [(torch.ones(2), torch.ones(1))] * 4
    loader = torch.utils.data.DataLoader(data, batch_size=2)
    learner = Learner(DataLoaders(loader, loader), torch.nn.Linear(2, 1), loss_func=torch.nn.MSELoss())
    torch.save([learner.model, Runs(marker)] if marker else learner, folder / "learner.pkl")


def ways():
    from fastai.learner import load_learner

    def read(path):
        return type(load_learner(path).model).__name__

    return {"fastai.learner.load_learner": ("learner.pkl", read)}
