"""Checkpoints with accelerate."""

from __future__ import annotations

import os
import pickle

import pytest

import safeload
from safeload.errors import Blocked, DecisionNeeded
from safeload.policy.interface import Action
from tests.guard.deciders import Says

accelerate = pytest.importorskip("accelerate")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.heavy


class Kept:
    """An object of the user's own whose state is part of the checkpoint."""

    def __init__(self, value) -> None:
        self.value = value

    def state_dict(self):
        return {"value": self.value}

    def load_state_dict(self, state) -> None:
        self.value = state["value"]


class Runs:
    def __reduce__(self):
        return os.system, ('touch "$SAFELOAD_DEMO_MARKER"',)


class Own:
    """A class that does something when it is filled, which nobody has vouched for."""

    def __init__(self) -> None:
        self.number = 1

    def __setstate__(self, state) -> None:
        self.number = len(state)


@pytest.fixture
def run(tmp_path):
    """An accelerator with a model, an optimizer and an object of one's own."""

    def made(value):
        accelerator = accelerate.Accelerator(
            cpu=True,
            project_config=accelerate.utils.ProjectConfiguration(str(tmp_path), automatic_checkpoint_naming=True),
        )
        model = torch.nn.Linear(2, 2)
        kept = Kept(value)
        accelerator.prepare(model, torch.optim.AdamW(model.parameters()))
        accelerator.register_for_checkpointing(kept)
        return accelerator, kept

    return made


def test_one_s_own_checkpoint_goes_on_without_a_question(run):
    accelerator, kept = run([1, 2.5])
    accelerator.save_state()
    kept.value = None
    asked = Says(None)
    with safeload.guarded(decider=asked):
        accelerator.load_state()
    assert kept.value == [1, 2.5]
    assert not asked.asked


def test_a_class_of_one_s_own_is_one_question_for_the_whole_checkpoint(run, tmp_path):
    accelerator, kept = run([Own(), Own()])
    accelerator.save_state()
    with safeload.guarded(decider=Says(None)), pytest.raises(DecisionNeeded):
        accelerator.load_state(str(tmp_path / "checkpoints" / "checkpoint_0"))
    asked = Says(Action.ALLOW)
    with safeload.guarded(decider=asked):
        accelerator.load_state()
    assert [type(item).__name__ for item in kept.value] == ["Own", "Own"]
    (review,) = asked.asked
    assert {"custom_checkpoint_0.pkl", "optimizer.bin", "random_states_0.pkl"} <= {
        a.path for a in review.snapshot.artifacts
    }


def test_a_poisoned_checkpoint_is_blocked(run, marker):
    accelerator, _ = run(Runs())
    accelerator.save_state()
    with safeload.guarded(decider=Says(None)), pytest.raises(Blocked):
        accelerator.load_state()
    assert not marker.exists()


def test_twin_without_the_guard_it_runs(run, marker):
    accelerator, _ = run(Runs())
    accelerator.save_state()
    accelerator.load_state()
    assert marker.exists()


@pytest.mark.parametrize("name", ["load_checkpoint_in_model", "load_checkpoint_and_dispatch"])
def test_weights_into_a_model(tmp_path, marker, name):
    model = torch.nn.Linear(2, 2)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    asked = Says(None)
    other = torch.nn.Linear(2, 2)
    with safeload.guarded(decider=asked):
        getattr(accelerate, name)(other, str(tmp_path))
    assert torch.equal(other.weight, model.weight)
    torch.save({**model.state_dict(), "more": Runs()}, tmp_path / "pytorch_model.bin")
    with safeload.guarded(decider=asked), pytest.raises((Blocked, pickle.UnpicklingError)):
        getattr(accelerate, name)(other, str(tmp_path))
    assert not marker.exists()
    assert not asked.asked
