"""accelerate: a run's checkpoint, and weights into a model."""

from __future__ import annotations

from tests.libraries.anything import taking_anything
from tests.libraries.payload import Runs

LOADERS = ("accelerate",)
DISTRIBUTION = "accelerate"
ATTACK = (
    "`custom_checkpoint_0.pkl` of a checkpoint; weights that are a pickle which calls a function, in programs where "
    "`torch.load` was made to take anything"
)


class Kept:
    """An object of the user's own whose state is part of the checkpoint."""

    def __init__(self, value):
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state):
        self.value = state["value"]


def run(value):
    import accelerate
    import torch

    accelerator, model, kept = accelerate.Accelerator(cpu=True), torch.nn.Linear(2, 2), Kept(value)
    accelerator.prepare(model, torch.optim.AdamW(model.parameters()))
    accelerator.register_for_checkpointing(kept)
    return accelerator, kept


def make(folder, marker):
    import torch

    run(Runs(marker) if marker else [1, 2.5])[0].save_state(str(folder / "state"))
    (folder / "model").mkdir()
    value = Runs(marker) if marker else {"weight": torch.ones(2, 2), "bias": torch.zeros(2)}
    torch.save(value, folder / "model" / "pytorch_model.bin")


def ways():
    import accelerate
    import torch
    from accelerate import load_checkpoint_in_model

    def state(path):
        accelerator, kept = run(None)
        accelerator.load_state(str(path))
        return kept.value

    def weights(load):
        def loaded(path):
            model = torch.nn.Linear(2, 2)
            load(model, str(path))
            return model.weight.tolist()

        return taking_anything(loaded)

    return {
        "Accelerator.load_state": ("state", state),
        "accelerate.load_checkpoint_in_model": (
            "model",
            weights(lambda *given: accelerate.load_checkpoint_in_model(*given)),
        ),
        "accelerate.load_checkpoint_and_dispatch": (
            "model",
            weights(lambda *given: accelerate.load_checkpoint_and_dispatch(*given)),
        ),
        "from accelerate import load_checkpoint_in_model": ("model", weights(load_checkpoint_in_model)),
    }
