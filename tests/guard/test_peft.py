"""Adapters with peft."""

from __future__ import annotations

import pytest

import safeload
from safeload.errors import NotLoaded
from safeload.policy.interface import Action
from tests.guard.deciders import Says

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.heavy


def adapted():
    base = transformers.AutoModel.from_pretrained("acme/tiny-bert")
    return peft.PeftModel.from_pretrained(base, "nice/encoder-adapter")


def automatic():
    return peft.AutoPeftModelForFeatureExtraction.from_pretrained("nice/encoder-adapter")


@pytest.mark.parametrize("load", [adapted, automatic])
def test_an_adapter_loads_without_a_question_and_is_the_same(hub_env, load):
    plain = load().state_dict()
    asked = Says(None)
    with safeload.guarded(decider=asked):
        guarded = load().state_dict()
    assert plain.keys() == guarded.keys()
    assert all(torch.equal(plain[key], guarded[key]) for key in plain)
    assert not asked.asked


def test_a_second_adapter_is_added(hub_env):
    asked = Says(None)
    with safeload.guarded(decider=asked):
        model = adapted()
        model.load_adapter("nice/encoder-adapter", "other")
    assert set(model.peft_config) == {"default", "other"}
    assert not asked.asked


def test_an_adapter_and_its_base_are_one_question_and_both_stay(hub_env, marker):
    """The adapter names a base whose code would be run: the panel names both."""
    moved = b"import os, pathlib\npathlib.Path(os.environ['SAFELOAD_DEMO_MARKER']).touch()\n"
    config = hub_env.store.get("mallory/adapter").commits[-1].file("adapter_config.json")
    text = hub_env.store.blob(config.blob).read_bytes().replace(b"mallory/base-code", b"nice/remote-code")
    lora = hub_env.store.get("mallory/adapter").commits[-1].file("adapter_model.safetensors")
    weights = hub_env.store.blob(lora.blob).read_bytes()
    hub_env.push("nice/adapter-code", {"adapter_config.json": text, "adapter_model.safetensors": weights})
    asked = Says(Action.ALLOW, lambda: hub_env.push("nice/remote-code", {"modeling_my.py": moved}))
    with safeload.guarded(decider=asked):
        model = peft.AutoPeftModelForFeatureExtraction.from_pretrained("nice/adapter-code", trust_remote_code=True)
    assert type(model.base_model.model).__name__ == "MyModel"
    (review,) = asked.asked
    assert review.snapshot.origin.name == "nice/adapter-code"
    assert {a.origin.name for a in review.snapshot.artifacts if a.origin} == {"nice/remote-code"}
    assert not marker.exists()


def evil():
    hub = "mallory/adapter"
    return peft.AutoPeftModelForFeatureExtraction.from_pretrained(hub, trust_remote_code=True)


def test_the_base_s_code_does_not_run_without_an_answer(hub_env, marker):
    with safeload.guarded(decider=Says(None)), pytest.raises(NotLoaded, match="mallory/base-code"):
        evil()
    assert not marker.exists()


def test_twin_without_the_guard_it_runs(hub_env, marker):
    evil()
    assert marker.exists()
