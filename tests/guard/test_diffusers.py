"""Pipelines of diffusers: components, their code, and code from elsewhere."""

from __future__ import annotations

import pytest

import safeload
from safeload.errors import NotLoaded
from safeload.policy.interface import Action
from tests.guard.deciders import Says

diffusers = pytest.importorskip("diffusers")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def settled(hub_env, monkeypatch):
    """The releases that PyPI would be asked for."""
    from diffusers.utils import dynamic_modules_utils

    monkeypatch.setattr(dynamic_modules_utils, "get_diffusers_versions", list)


def load(name: str, **options):
    return diffusers.DiffusionPipeline.from_pretrained(name, low_cpu_mem_usage=False, **options)


def same(a, b) -> bool:
    left, right = a.unet.state_dict(), b.unet.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_a_pipeline_loads_without_a_question_and_is_the_same(hub_env):
    plain = load("acme/tiny-diffusion")
    asked = Says(None)
    with safeload.guarded(decider=asked):
        guarded = load("acme/tiny-diffusion")
        again = load("acme/tiny-diffusion", revision="main")
        model = diffusers.UNet2DModel.from_pretrained("acme/tiny-diffusion", subfolder="unet")
        auto = diffusers.AutoModel.from_pretrained("acme/tiny-diffusion", subfolder="unet")
    assert same(plain, guarded)
    assert same(plain, again)
    assert type(guarded) is type(plain)
    assert guarded.config._name_or_path == plain.config._name_or_path
    assert model.config.sample_size == auto.config.sample_size == 8
    assert not asked.asked


def test_safeload_loads_a_pipeline(hub_env):
    found = safeload.load("acme/tiny-diffusion", decider=Says(None))
    assert type(found.objects["model"]).__name__ == "DDPMPipeline"
    assert found.review.call.loader == "diffusers"


ATTACKS = {
    "a pipeline of its own": ("mallory/diffusion-code", {"trust_remote_code": True}),
    "a component of its own": ("mallory/diffusion-component", {"trust_remote_code": True}),
    "a pipeline of another repository": (
        "acme/tiny-diffusion", {"custom_pipeline": "mallory/one-step", "trust_remote_code": True}),
    "a community pipeline, which nobody is asked to trust": ("acme/tiny-diffusion", {"custom_pipeline": "act"}),
}  # fmt: skip
attacks = pytest.mark.parametrize(("name", "options"), ATTACKS.values(), ids=ATTACKS.keys())


@attacks
def test_code_does_not_run_without_an_answer(marker, name, options):
    with safeload.guarded(decider=Says(None)), pytest.raises(NotLoaded):
        load(name, **options)
    assert not marker.exists()


@attacks
def test_twin_without_the_guard_it_runs(marker, name, options):
    load(name, **options)
    assert marker.exists()


HONEST = {
    "a pipeline of its own": ("nice/diffusion-code", {}, "nice/diffusion-code"),
    "a component of its own": ("nice/diffusion-component", {}, "nice/diffusion-component"),
    "a pipeline of another repository": ("acme/tiny-diffusion", {"custom_pipeline": "nice/one-step"}, "nice/one-step"),
    "a community pipeline": (
        "acme/tiny-diffusion", {"custom_pipeline": "one_step"}, "datasets/diffusers/community-pipelines-mirror"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "options", "where"), HONEST.values(), ids=HONEST.keys())
def test_one_question_names_where_the_code_is_and_it_stays_as_it_was(hub_env, marker, name, options, where):
    code = {"own_pipeline.py", "unet/own_unet.py", "pipeline.py", "main/one_step.py"}
    there = {file.path for file in hub_env.store.get(where).commits[-1].files} & code
    moved = b"import os, pathlib\npathlib.Path(os.environ['SAFELOAD_DEMO_MARKER']).touch()\n"
    asked = Says(Action.ALLOW, lambda: hub_env.push(where, dict.fromkeys(there, moved)))
    with safeload.guarded(decider=asked):
        made = load(name, **options)
    assert type(made).__name__ == ("DDPMPipeline" if "component" in name else "OneStep")
    (review,) = asked.asked
    places = {review.snapshot.origin.name, *(a.origin.name for a in review.snapshot.artifacts if a.origin)}
    assert places == {name, where}
    assert not marker.exists()


def test_a_component_that_is_given_is_not_looked_for(hub_env):
    unet = diffusers.UNet2DModel(sample_size=8, in_channels=1, out_channels=1, layers_per_block=1,
                                 block_out_channels=(4,), down_block_types=("DownBlock2D",),
                                 up_block_types=("UpBlock2D",), norm_num_groups=2)  # fmt: skip
    with safeload.guarded(decider=Says(None)):
        assert load("acme/tiny-diffusion", unet=unet).unet is unet


def test_a_file_of_one_s_own_as_pipeline_is_asked_about(hub_env, tmp_path, marker):
    own = tmp_path / "mine.py"
    evil = hub_env.store.get("mallory/one-step").commits[-1].file("pipeline.py")
    own.write_bytes(hub_env.store.blob(evil.blob).read_bytes())
    with safeload.guarded(decider=Says(None)), pytest.raises(NotLoaded):
        load("acme/tiny-diffusion", custom_pipeline=str(own), trust_remote_code=True)
    assert not marker.exists()
