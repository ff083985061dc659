"""Sample repositories that lead to other ones, or whose code is run after the model was loaded."""

from __future__ import annotations

import json
from collections.abc import Callable

from hub import models, poison
from hub.more_samples import CONFIGURATION, MODELING, code_files, remote_model
from hub.samples import Bench, unknown_author

GENERATE = '''"""Greedy generation of one word, whatever was asked."""

import torch

from .choosing import last


def generate(model, inputs=None, input_ids=None, **kwargs):
    given = inputs if inputs is not None else input_ids
    return torch.cat([given, last(given)], dim=-1)
'''
CHOOSING = '''"""Which word comes next."""


def last(given):
    return given[:, -1:]
'''
PIPELINE = '''"""A pipeline of the repository's own."""

from transformers import Pipeline


class Counting(Pipeline):
    def _sanitize_parameters(self, **kwargs):
        return {}, {}, {}

    def preprocess(self, inputs):
        return inputs

    def _forward(self, inputs):
        return inputs

    def postprocess(self, outputs):
        return len(outputs)
'''
REACHING = """
from huggingface_hub import hf_hub_download


class Reaching(MyModel):
    def __init__(self, config):
        super().__init__(config)
        self.fetched = hf_hub_download("{repo}", "{file}")
"""


def custom_generation(bench: Bench) -> None:
    """Code in place of `generate`: an honest repository of nothing else, a dishonest one, and one with a model."""
    recipe = {"custom_generate/generate.py": GENERATE.encode(), "custom_generate/choosing.py": CHOOSING.encode(),
              "custom_generate/requirements.txt": b"torch\n"}  # fmt: skip
    bench.publish("nice/generate", recipe, facts={"downloads": 41, "likes": 1})
    evil = {**recipe, "custom_generate/generate.py": (poison.SOURCE + GENERATE).encode()}
    bench.publish("mallory/generate", evil, at=2.0, facts=unknown_author())
    whole = {**bench.tokenizer, **models.gpt_files(), **evil}
    bench.publish("mallory/gpt-generate", whole, at=2.0, facts=unknown_author())


def custom_pipelines(bench: Bench) -> None:
    """A BERT with a pipeline of its own, honest or not; and one whose pipeline lies in another repository."""
    for name, top in {"nice/pipeline": "", "mallory/pipeline": poison.SOURCE}.items():
        custom = {"counting": {"impl": "counting.Counting", "pt": ["AutoModelForSequenceClassification"], "tf": []}}
        config = models.config_of(bench.bert, custom_pipelines=custom)
        contents = {**bench.bert, **bench.tokenizer, **config, "counting.py": (top + PIPELINE).encode()}
        bench.publish(name, contents, at=4.0, facts=unknown_author())


def code_of_two(bench: Bench) -> None:
    """The configuration's code beside the model, the model's own in another repository."""
    mixed = remote_model("mallory/code--")
    config = json.loads(mixed["config.json"])
    config["auto_map"]["AutoConfig"] = "configuration_my.MyConfig"
    contents = {**mixed, "config.json": json.dumps(config, indent=2).encode(),
                "configuration_my.py": CONFIGURATION.encode()}  # fmt: skip
    bench.publish("nice/mixed-code", contents, facts={"downloads": 77, "likes": 1})


def reaching_out(bench: Bench) -> None:
    """Code that fetches from a repository which nothing else names, and from its own."""
    others = {"nice/reaches-out": ("acme/tiny-bert", "config.json"), "nice/reaches-in": ("nice/reaches-in", "more.txt")}
    for name, (repo, file) in others.items():
        code = MODELING + REACHING.format(repo=repo, file=file)
        model = remote_model("")
        config = json.loads(model["config.json"])
        config["auto_map"]["AutoModel"] = "modeling_my.Reaching"
        contents = {**model, **code_files(), "modeling_my.py": code.encode(), "more.txt": b"a few words\n",
                    "config.json": json.dumps(config, indent=2).encode()}  # fmt: skip
        bench.publish(name, contents, at=5.0, facts=unknown_author())


MAKERS: tuple[Callable[[Bench], None], ...] = (custom_generation, custom_pipelines, code_of_two, reaching_out)
