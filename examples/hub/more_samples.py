"""Sample repositories of honest people: other formats, locked doors, missing pieces, repository code."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hub import cards, models
from hub.samples import Bench, popular

CONFIGURATION = '''"""The configuration of MyModel."""

from transformers import PretrainedConfig


class MyConfig(PretrainedConfig):
    model_type = "my-tiny"

    def __init__(self, hidden_size=8, **kwargs):
        self.hidden_size = hidden_size
        super().__init__(**kwargs)
'''
MODELING = '''"""A model that transformers does not know: one linear layer."""

from torch import nn
from transformers import PreTrainedModel

from .configuration_my import MyConfig


class MyModel(PreTrainedModel):
    config_class = MyConfig

    def __init__(self, config):
        super().__init__(config)
        self.linear = nn.Linear(config.hidden_size, config.hidden_size)
        self.post_init()

    def forward(self, inputs):
        return self.linear(inputs)
'''


def other_formats(bench: Bench) -> None:
    """The same BERT as `.bin` (zip and before), sharded, and a GPT in safetensors shards."""
    model, metadata = models.bert(), cards.full_metadata("tiny-bert-bin")
    state, facts = model.state_dict(), popular(metadata)
    readme = {"README.md": cards.card("Tiny BERT", metadata=metadata, body=cards.FULL_BODY)}
    around = {**bench.config, **bench.tokenizer, **readme}
    bench.publish("acme/tiny-bert-bin", {**around, "pytorch_model.bin": models.torch_bytes(state)}, facts=facts)
    legacy = {**around, "pytorch_model.bin": models.legacy_torch_bytes(state)}
    bench.publish("acme/tiny-bert-bin-legacy", legacy, facts=facts)
    bench.publish("acme/tiny-bert-bin-sharded", {**around, **models.sharded_bin_files()}, facts=facts)
    gpt = {**bench.tokenizer, **models.gpt_files(), **readme}
    bench.publish("acme/tiny-gpt-sharded", gpt, facts=popular({**metadata, "pipeline_tag": "text-generation"}))
    last = sorted(name for name in gpt if name.endswith(".safetensors"))[-1]
    bench.publish("acme/missing-shard", {name: content for name, content in gpt.items() if name != last}, facts=facts)


def locked(bench: Bench) -> None:
    """Repositories that open with the token `hf_demo` only."""
    metadata = cards.full_metadata("gated")
    contents = {**bench.bert, **bench.tokenizer, "README.md": cards.card("Gated", metadata=metadata)}
    bench.publish("acme/gated", contents, facts=popular(metadata), gated="manual")
    bench.publish("acme/private", contents, private=True)


def little_said(bench: Bench) -> None:
    """A repository without a model, one without a word, and a random forest."""
    bench.publish("acme/nothing", {"README.md": cards.card("Nothing yet", metadata={"license": "mit"})},
                  facts={"cardData": {"license": "mit"}, "tags": ["license:mit"]})  # fmt: skip
    bench.publish("acme/old-school", {**bench.bert, **bench.tokenizer, "README.md": b""}, title="add",
                  at="2022-03-10T08:00:00.000Z", facts={"downloads": 90, "likes": 1, "tags": []})  # fmt: skip
    metadata = {"license": "bsd-3-clause", "library_name": "sklearn", "tags": ["tabular-classification"]}
    contents = {"model.joblib": models.forest_bytes(), "README.md": cards.card("Tiny forest", metadata=metadata)}
    bench.publish("acme/tiny-forest", contents, facts=popular(metadata))


def adapter(bench: Bench) -> None:
    """A LoRA adapter: loading it loads its base, which is another repository."""
    metadata = {"license": "apache-2.0", "library_name": "peft", "base_model": "acme/tiny-bert"}
    contents = {**models.adapter_files("acme/tiny-bert"), "README.md": cards.card("Adapter", metadata=metadata)}
    bench.publish("nice/adapter", contents, facts=popular(metadata, baseModels=["acme/tiny-bert"], downloads=310))


def remote_code(bench: Bench) -> None:
    """Models whose classes come from a repository: its own, or another one."""
    own = code_files()
    bench.publish("nice/remote-code", {**remote_model(""), **own}, facts={"downloads": 1200, "likes": 9})
    older = bench.publish("mallory/code", code_files(note="# first version\n"), title="Add code", facts={})
    newer = bench.store.add_file("modeling_my.py", own["modeling_my.py"])
    bench.store.save(bench.next_commit(older, [newer], title="Tidy up", at=40.0))
    bench.publish("nice/cross-code", remote_model("mallory/code--"), facts={"downloads": 800, "likes": 4})


def code_files(*, top: str = "", note: str = "") -> dict[str, bytes]:
    """The two modules; `top` is run when the model's module is imported."""
    return {"configuration_my.py": CONFIGURATION.encode(), "modeling_my.py": (note + top + MODELING).encode()}


def remote_model(where: str) -> dict[str, bytes]:
    """Config and weights of a MyModel whose code lies at `where`."""
    import torch

    torch.manual_seed(5)
    config: dict[str, Any] = {
        "architectures": ["MyModel"],
        "auto_map": {"AutoConfig": f"{where}configuration_my.MyConfig", "AutoModel": f"{where}modeling_my.MyModel"},
        "hidden_size": 8,
        "model_type": "my-tiny",
    }
    tensors = {"linear.weight": torch.randn(8, 8) * 0.1, "linear.bias": torch.zeros(8)}
    return {
        "config.json": json.dumps(config, indent=2).encode(),
        "model.safetensors": models.safetensors_bytes(tensors),
        "README.md": cards.card("My model", metadata={"license": "mit", "library_name": "transformers"}),
    }


MAKERS: tuple[Callable[[Bench], None], ...] = (other_formats, locked, little_said, adapter, remote_code)
