"""What is added to a pipeline of diffusers, and models in one file: one decision, about the file that is read."""

from __future__ import annotations

import io
import json

import pytest

import safeload
from safeload.errors import Blocked, NotLoaded
from safeload.guard.loaders.diffusers_weights import DiffusersWeights
from safeload.sources.interface import Call
from tests.guard.deciders import Says
from tests.libraries.anything import taking_anything
from tests.libraries.cases import diffusers_weights as small
from tests.libraries.payload import Runs
from tests.sources.fakes import listing

LORA = "diffusers.weights.LoraBaseMixin.lora_state_dict"
IMAGES = "diffusers.weights.IPAdapterMixin.load_ip_adapter"


def files(*names: str, entry: str = LORA, **options) -> list[str]:
    there = {name: b"{}" if name.endswith(".json") else b"" for name in names}
    call = Call(target="acme/model", entry=entry, options=options)
    return sorted(wanted.path for wanted in DiffusersWeights().scope(call, listing(there)))


def test_a_lora_is_the_file_that_is_named_or_the_one_that_diffusers_would_guess():
    there = ("a.bin", "optimizer.safetensors", "pytorch_lora_weights.bin", "x.safetensors", "s/y.safetensors")
    assert files(*there) == ["s/y.safetensors"], "the first, which is no optimizer"
    assert files(*there, "pytorch_lora_weights.safetensors") == ["pytorch_lora_weights.safetensors"]
    assert files(*there, use_safetensors=False) == ["pytorch_lora_weights.bin"]
    assert files(*there, subfolder="s") == ["s/y.safetensors"]
    assert files(*there, weight_name="a.bin") == ["a.bin"]
    assert files("README.md") == ["pytorch_lora_weights.safetensors"], "named as missing"


def test_several_image_adapters_come_from_one_repository_with_their_encoder():
    there = ("m/a.bin", "n/b.bin", "m/image_encoder/config.json", "m/image_encoder/model.safetensors")
    named = {"entry": IMAGES, "subfolder": ["m", "n"], "weight_name": ["a.bin", "b.bin"]}
    assert files(*there, **named) == ["m/a.bin", "n/b.bin"]
    assert files(*there, **named, encoder=True) == sorted(there)
    assert files(*there, **named, encoder=True, image_encoder_folder=None) == ["m/a.bin", "n/b.bin"]


diffusers = pytest.importorskip("diffusers")
torch = pytest.importorskip("torch")


def saved(value) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def unet_with(name: str, **options):
    made = small.pipeline()
    made.load_lora_weights(name, **options)
    return {key: value for key, value in made.unet.state_dict().items() if "lora_" in key}


@pytest.mark.heavy
@pytest.mark.parametrize("policy", ["standard", "strict"])
def test_a_lora_of_the_hub_is_the_same_without_a_question(hub_env, policy):
    pytest.importorskip("peft")
    from safetensors.torch import save

    hub_env.push("nice/lora", {"own.safetensors": save(small.lora())})
    plain = unet_with("nice/lora")
    asked = Says(None)
    with safeload.guarded(policy=policy, decider=asked):
        guarded = unet_with("nice/lora")
    assert plain.keys() == guarded.keys() != set()
    assert all(torch.equal(plain[key], guarded[key]) for key in plain)
    assert not asked.asked


@pytest.mark.heavy
def test_a_poisoned_lora_is_blocked_by_name_before_torch_sees_it(hub_env, marker):
    hub_env.push("mallory/lora", {"own.bin": saved(Runs(marker))})
    with safeload.guarded(decider=Says(None)), pytest.raises(Blocked, match="mallory/lora"):
        unet_with("mallory/lora", weight_name="own.bin")
    assert not marker.exists()


@pytest.mark.heavy
def test_twin_without_the_guard_it_runs_where_torch_takes_anything(hub_env, marker):
    hub_env.push("mallory/lora", {"own.bin": saved(Runs(marker))})
    with pytest.raises(TypeError):
        taking_anything(lambda: unet_with("mallory/lora", weight_name="own.bin"))()
    assert marker.exists()


@pytest.mark.heavy
def test_an_image_adapter_brings_its_encoder(hub_env):
    from safetensors.torch import save
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(hidden_size=4, intermediate_size=4, num_hidden_layers=1, num_attention_heads=1,
                              image_size=8, patch_size=4, projection_dim=4)  # fmt: skip
    encoder = CLIPVisionModelWithProjection(config)
    hub_env.push("nice/images", {
        "models/ip.bin": saved(small.images()),
        "models/image_encoder/config.json": json.dumps(encoder.config.to_dict()).encode(),
        "models/image_encoder/model.safetensors": save(encoder.state_dict(), {"format": "pt"}),
    })  # fmt: skip
    asked, made = Says(None), small.pipeline()
    with safeload.guarded(decider=asked):
        made.load_ip_adapter("nice/images", subfolder="models", weight_name="ip.bin")
    assert torch.equal(made.image_encoder.visual_projection.weight, encoder.visual_projection.weight)
    assert not asked.asked


@pytest.mark.heavy
def test_one_file_by_its_address(hub_env, tmp_path, marker):
    small.vae().save_config(tmp_path)
    state = small.vae().state_dict()
    hub_env.push("nice/single", {"model.ckpt": saved({"state_dict": state}), "evil.ckpt": saved(Runs(marker))})

    def load(name: str):
        place = f"https://huggingface.co/nice/single/blob/main/{name}"
        return diffusers.AutoencoderKL.from_single_file(place, config=str(tmp_path))

    asked = Says(None)
    with safeload.guarded(decider=asked):
        made = load("model.ckpt").state_dict()
        with pytest.raises(NotLoaded, match="nice/single"):
            load("evil.ckpt")
    assert all(torch.equal(made[key], state[key]) for key in state)
    assert not asked.asked
    assert not marker.exists()
