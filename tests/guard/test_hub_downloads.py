"""Downloads with huggingface_hub: alone they ask nobody, within a load they are held to what was decided on."""

from __future__ import annotations

import pytest

from safeload import patch
from safeload.errors import Misbehaved
from tests.guard.deciders import Says

huggingface_hub = pytest.importorskip("huggingface_hub")
from huggingface_hub import hf_hub_download as bound_early  # noqa: E402
from huggingface_hub import snapshot_download as snapshot_early  # noqa: E402


@pytest.fixture
def guard():
    asked = Says(None)
    patch.install(decider=asked)
    yield asked
    patch.remove()


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
