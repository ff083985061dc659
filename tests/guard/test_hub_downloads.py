"""Downloads with huggingface_hub: alone they ask nobody, within a load they are held to what was decided on."""

from __future__ import annotations

import pytest

from safeload import patch
from safeload.errors import Blocked, Misbehaved
from tests.guard.deciders import Says

huggingface_hub = pytest.importorskip("huggingface_hub")
from huggingface_hub import hf_hub_download as bound_early  # noqa: E402
from huggingface_hub import snapshot_download as snapshot_early  # noqa: E402


def test_a_download_alone_asks_nobody_and_gives_what_it_gave(hub_env, guard):
    path = huggingface_hub.hf_hub_download("mallory/tiny-bert-pwned", "pytorch_model.bin")
    assert path.endswith("pytorch_model.bin")
    folder = huggingface_hub.snapshot_download("acme/tiny-bert")
    assert folder.endswith(hub_env.head("acme/tiny-bert"))
    assert not guard.asked


@pytest.mark.parametrize("name", ["hf_hub_download", "snapshot_download"])
def test_bytes_that_were_not_announced_are_told(hub_env, guard, name):
    arguments = ("mallory/liar", "model.safetensors") if name == "hf_hub_download" else ("mallory/liar",)
    with pytest.raises(Misbehaved, match=r"model\.safetensors is not the file that the hub announced"):
        getattr(huggingface_hub, name)(*arguments)


def test_twin_without_the_guard_the_client_takes_them(hub_env):
    assert huggingface_hub.hf_hub_download("mallory/liar", "model.safetensors")


def test_a_name_that_was_bound_before_the_guard_is_held_too(hub_env, guard):
    with pytest.raises(Misbehaved):
        globals()["bound_early"]("mallory/liar", "model.safetensors")


def test_removing_puts_every_name_back():
    before = (bound_early, snapshot_early, huggingface_hub.hf_hub_download)
    patch.install(decider=Says(None))
    assert globals()["bound_early"] is not before[0]
    patch.remove()
    assert (globals()["bound_early"], globals()["snapshot_early"], huggingface_hub.hf_hub_download) == before


# Classes that load themselves.


def mixed_in(load=None):
    torch = pytest.importorskip("torch")

    class Own(torch.nn.Module, huggingface_hub.PyTorchModelHubMixin):
        def __init__(self, size: int = 2) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(size, size)

        if load is not None:

            @classmethod
            def _from_pretrained(cls, *, model_id, **options):
                made = cls()
                made.found = load(model_id)
                return made

    return Own


@pytest.fixture
def own_model(hub_env, tmp_path):
    """A repository that a class with the mixin has written."""
    model = mixed_in()(3)
    model.save_pretrained(tmp_path / "own")
    hub_env.push("acme/own-class", {path.name: path.read_bytes() for path in (tmp_path / "own").iterdir()})
    return model


@pytest.mark.heavy
def test_a_class_of_one_s_own_loads_itself_without_a_question(own_model, guard):
    loaded = mixed_in().from_pretrained("acme/own-class")
    assert loaded.linear.weight.tolist() == own_model.linear.weight.tolist()
    assert not guard.asked


def raw(model_id):
    """As classes of many projects do it: whatever is in the file."""
    import torch

    return torch.load(huggingface_hub.hf_hub_download(model_id, "pytorch_model.bin"), weights_only=False)


@pytest.mark.heavy
def test_a_class_that_unpickles_what_it_is_given_is_decided_on(hub_env, guard, marker):
    with pytest.raises(Blocked):
        mixed_in(raw).from_pretrained("mallory/tiny-bert-pwned")
    assert not marker.exists()
    assert mixed_in(raw).from_pretrained("acme/tiny-bert-bin").found
    assert not guard.asked


@pytest.mark.heavy
def test_twin_without_the_guard_it_runs(hub_env, marker):
    mixed_in(raw).from_pretrained("mallory/tiny-bert-pwned")
    assert marker.exists()


@pytest.mark.heavy
def test_a_class_that_goes_elsewhere_is_denied(own_model, guard):
    elsewhere = mixed_in(lambda model_id: raw("acme/tiny-bert-bin"))
    with pytest.raises(Blocked, match="raw reached for acme/tiny-bert-bin"):
        elsewhere.from_pretrained("acme/own-class")


@pytest.mark.heavy
def test_a_whole_snapshot_within_a_load_is_what_was_decided_on(hub_env, own_model, guard):
    whole = mixed_in(lambda model_id: huggingface_hub.snapshot_download(model_id, revision="main"))
    before = hub_env.head("acme/own-class")
    assert whole.from_pretrained("acme/own-class").found.endswith(before)
