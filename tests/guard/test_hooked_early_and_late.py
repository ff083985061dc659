"""Attacks through the libraries of the hub, in a process of their own: hooked before and after the library's import."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.heavy

SCRIPT = """
    import os, sys
    import safeload
    when, name = sys.argv[1:]
    modules = {
        "transformers": ["transformers", "transformers.pipelines", "transformers.generation.utils"],
        "diffusers": ["diffusers", "diffusers.pipelines.pipeline_utils"],
        "sentence_transformers": ["sentence_transformers"],
        "peft": ["peft"],
        "huggingface_hub": ["huggingface_hub", "huggingface_hub.hub_mixin"],
    }[name.split()[0]]
    if when == "before":
        safeload.install()
    for module in modules:
        __import__(module)
    if when == "after":
        safeload.install()

    def mixed():
        import torch
        from huggingface_hub import PyTorchModelHubMixin, hf_hub_download

        class Own(torch.nn.Module, PyTorchModelHubMixin):
            @classmethod
            def _from_pretrained(cls, *, model_id, **options):
                return torch.load(hf_hub_download(model_id, "pytorch_model.bin"), weights_only=False)

        return Own.from_pretrained("mallory/tiny-bert-pwned")

    def diffused():
        from diffusers import DiffusionPipeline
        from diffusers.utils import dynamic_modules_utils

        dynamic_modules_utils.get_diffusers_versions = list
        return DiffusionPipeline.from_pretrained("acme/tiny-diffusion", custom_pipeline="act", low_cpu_mem_usage=False)

    def generated():
        from transformers import GenerationMixin

        return GenerationMixin().load_custom_generate("mallory/generate", trust_remote_code=True)

    def piped():
        from transformers import pipeline

        return pipeline("counting", "mallory/pipeline", trust_remote_code=True)

    def encoded():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer("mallory/sentences-code", trust_remote_code=True)

    def adapted():
        from peft import AutoPeftModelForFeatureExtraction

        return AutoPeftModelForFeatureExtraction.from_pretrained("mallory/adapter", trust_remote_code=True)

    ways = {"transformers pipeline": piped, "transformers generate": generated, "diffusers": diffused,
            "sentence_transformers": encoded, "peft": adapted, "huggingface_hub mixin": mixed}
    try:
        ways[name]()
    except BaseException as error:
        print(type(error).__name__, error)
    else:
        print("LOADED")
"""
WAYS = ["transformers pipeline", "transformers generate", "diffusers", "sentence_transformers", "peft",
        "huggingface_hub mixin"]  # fmt: skip


def run(when: str, way: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), when, way],
        env={**env, "PYTHONPATH": os.pathsep.join([env["PYTHONPATH"], os.getcwd()])},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("way", WAYS)
def test_the_attack_works_without_the_guard(child_env, marker, way):
    if find_spec(way.split()[0]) is None:
        pytest.skip(f"{way} is not installed")
    run("never", way, child_env)
    assert marker.exists()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_it_is_stopped_whenever_the_guard_came(child_env, marker, when, way):
    if find_spec(way.split()[0]) is None:
        pytest.skip(f"{way} is not installed")
    said = run(when, way, child_env)
    assert said.split()[0] in ("DecisionNeeded", "Blocked"), said
    assert not marker.exists()
