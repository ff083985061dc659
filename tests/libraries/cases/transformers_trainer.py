"""transformers: training that goes on from a checkpoint."""

from __future__ import annotations

import shutil

from tests.libraries.anything import taking_anything
from tests.libraries.payload import Runs

LOADERS = ("torch",)
DISTRIBUTION = "transformers"
ATTACK = (
    "a file of the checkpoint that is a pickle which calls a function. `Trainer` itself asks torch for tensors only; "
    "here as in programs where `torch.load` was made to take anything, and `training_args.bin` as people read it"
)
_FILES = ("optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin")


def make(folder, marker):
    import torch

    trained(folder / "out", steps=2)
    for name in _FILES:
        place = folder / name.partition(".")[0]
        shutil.copytree(folder / "out" / "checkpoint-2", place)
        if marker:
            torch.save(Runs(marker), place / name)


def trained(out, *, steps, **resume):
    """A model of one number, and what became of it."""
    import torch
    import transformers

    class One(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.number = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return {"loss": ((self.number - x) ** 2).mean()}

    arguments = transformers.TrainingArguments(
        str(out), max_steps=steps, save_steps=2, report_to=[], use_cpu=True, disable_tqdm=True, learning_rate=0.1
    )
    trainer = transformers.Trainer(One(), arguments, train_dataset=[{"x": torch.ones(1)}] * 8)
    trainer.train(**resume)
    return [trainer.state.global_step, *trainer.model.number.tolist()]


def ways():
    import torch
    import transformers  # noqa: F401

    @taking_anything
    def resumed(path):
        return trained(path.parent / f"{path.name}-out", steps=4, resume_from_checkpoint=str(path))

    def arguments(path):
        return torch.load(path / "training_args.bin", weights_only=False).learning_rate

    return {
        **{f"Trainer.train, {name}": (name.partition(".")[0], resumed) for name in _FILES[:3]},
        "torch.load of training_args.bin": ("training_args", arguments),
    }
