"""Lightning: checkpoints with the state of training."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("torch",)
DISTRIBUTION = "pytorch-lightning"
ATTACK = "a checkpoint whose pickle calls a function; it goes through `torch.load`"


def module():
    import pytorch_lightning
    import torch

    class Net(pytorch_lightning.LightningModule):
        def __init__(self, size=2):
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(size, 1)

    return Net


def make(folder, marker):
    import pytorch_lightning
    import torch

    model = module()(3)
    torch.nn.init.ones_(model.layer.weight)
    state = {
        "state_dict": model.state_dict(),
        "hyper_parameters": {"size": 3},
        "pytorch-lightning_version": pytorch_lightning.__version__,
        "epoch": 0,
        "global_step": 0,
    }
    torch.save({**state, "loops": Runs(marker)} if marker else state, folder / "a.ckpt")


def ways():
    net = module()

    def loaded(path):
        return repr(net.load_from_checkpoint(path, weights_only=False, map_location="cpu").layer.weight.tolist())

    return {"pytorch_lightning.LightningModule.load_from_checkpoint": ("a.ckpt", loaded)}
