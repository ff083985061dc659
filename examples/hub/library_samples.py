"""Sample repositories of libraries beside transformers: honest ones, and ones whose code acts when it is imported."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from hub import models, poison
from hub.more_samples import code_files, remote_model
from hub.samples import Bench, unknown_author

PIPELINE = '''"""A pipeline that draws nothing in one step."""

from diffusers import DiffusionPipeline


class OneStep(DiffusionPipeline):
    def __init__(self, unet, scheduler):
        super().__init__()
        self.register_modules(unet=unet, scheduler=scheduler)

    def __call__(self):
        return "one step"
'''
UNET = '''"""A model of the repository's own."""

from diffusers import UNet2DModel


class OwnUNet(UNet2DModel):
    pass
'''
POOLING = '''"""A module of the repository's own: the first word stands for all."""

import torch


class First(torch.nn.Module):
    def forward(self, features):
        return {**features, "sentence_embedding": features["token_embeddings"][:, 0]}

    @staticmethod
    def load(path):
        return First()

    def save(self, path, *args, **kwargs):
        return None
'''


def diffusion(bench: Bench) -> None:
    """A tiny DDPM; with a pipeline, and with a component, of its own; code for others' pipelines."""
    clean = _diffusion_files()
    bench.publish("acme/tiny-diffusion", clean, facts={"downloads": 500, "likes": 3})
    for name, top in {"nice/diffusion-code": "", "mallory/diffusion-code": poison.SOURCE}.items():
        own = _with(clean, _class_name=["own_pipeline", "OneStep"])
        bench.publish(name, {**own, "own_pipeline.py": (top + PIPELINE).encode()}, facts=unknown_author(), at=4.0)
    for name, top in {"nice/diffusion-component": "", "mallory/diffusion-component": poison.SOURCE}.items():
        own = _with(clean, unet=["own_unet", "OwnUNet"])
        bench.publish(name, {**own, "unet/own_unet.py": (top + UNET).encode()}, facts=unknown_author(), at=4.0)
    for name, top in {"nice/one-step": "", "mallory/one-step": poison.SOURCE}.items():
        bench.publish(name, {"pipeline.py": (top + PIPELINE).encode()}, facts=unknown_author(), at=4.0)
    community = {"main/one_step.py": PIPELINE.encode(), "main/act.py": (poison.SOURCE + PIPELINE).encode()}
    bench.publish("datasets/diffusers/community-pipelines-mirror", community, author="diffusers")


def _diffusion_files() -> dict[str, bytes]:
    import tempfile
    from pathlib import Path

    import torch
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    torch.manual_seed(6)
    unet = UNet2DModel(sample_size=8, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(4,),
                       down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",), norm_num_groups=2,
                       attention_head_dim=2)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        DDPMPipeline(unet, DDPMScheduler(num_train_timesteps=4)).save_pretrained(folder)
        files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _with(files: dict[str, bytes], **changed: Any) -> dict[str, bytes]:
    index = {**json.loads(files["model_index.json"]), **changed}
    return {**files, "model_index.json": json.dumps(index, indent=2).encode()}


def sentences(bench: Bench) -> None:
    """A sentence-transformers model, and ones with a module in a file of their own."""
    pooling = {"word_embedding_dimension": models.HIDDEN, "pooling_mode_mean_tokens": True}
    kinds = ["sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling"]
    common = {
        **bench.bert,
        **bench.tokenizer,
        "config_sentence_transformers.json": b'{"prompts": {}, "similarity_fn_name": "cosine"}',
        "sentence_bert_config.json": b'{"max_seq_length": 32, "do_lower_case": false}',
        "1_Pooling/config.json": json.dumps(pooling).encode(),
        "README.md": b"---\nlicense: mit\n---\nSentences as numbers.\n",
    }
    bench.publish("acme/tiny-sentences", {**common, **_modules(kinds)}, facts={"downloads": 900, "likes": 8})
    for name, top in {"nice/sentences-code": "", "mallory/sentences-code": poison.SOURCE}.items():
        own = {**common, **_modules([kinds[0], "own_pooling.First"]), "own_pooling.py": (top + POOLING).encode()}
        bench.publish(name, own, facts=unknown_author(), at=4.0)


def cross_encoder(bench: Bench) -> None:
    """A BERT whose settings come from a file of its own, which acts."""
    config = models.config_of(bench.bert, auto_map={"AutoConfig": "modeling_my.MyConfig"})
    contents = {**bench.bert, **bench.tokenizer, **config, **code_files(top=poison.SOURCE)}
    bench.publish("mallory/cross-encoder", contents, facts=unknown_author(), at=2.0)


def _modules(kinds: list[str]) -> dict[str, bytes]:
    paths = ["", "1_Pooling"]
    listed = [{"idx": i, "name": str(i), "path": paths[i], "type": kind} for i, kind in enumerate(kinds)]
    return {"modules.json": json.dumps(listed, indent=2).encode()}


def adapters(bench: Bench) -> None:
    """An adapter for an encoder; one whose base has code of its own, which acts."""
    honest = models.adapter_files("acme/tiny-bert")
    inner = json.loads(honest["adapter_config.json"]) | {"task_type": "FEATURE_EXTRACTION"}
    places = [f"layer.{layer}.attention.self.{part}" for layer in range(2) for part in ("query", "value")]
    weights = {k: v for p in places for k, v in _lora(f"base_model.model.encoder.{p}", models.HIDDEN).items()}
    contents = {"adapter_config.json": json.dumps(inner, indent=2).encode(),
                "adapter_model.safetensors": models.safetensors_bytes(weights)}  # fmt: skip
    bench.publish("nice/encoder-adapter", contents, facts={"downloads": 120, "likes": 2})
    adapter = models.adapter_files("mallory/base-code")
    changed = {"target_modules": ["linear"], "task_type": "FEATURE_EXTRACTION"}
    config = json.loads(adapter["adapter_config.json"]) | changed
    tensors = _lora("base_model.model.linear", 8)
    contents = {
        "adapter_config.json": json.dumps(config, indent=2).encode(),
        "adapter_model.safetensors": models.safetensors_bytes(tensors),
    }
    bench.publish("mallory/adapter", contents, facts=unknown_author(), at=2.0)
    bench.publish("mallory/base-code", {**remote_model(""), **code_files(top=poison.SOURCE)}, at=2.0)


def _lora(name: str, width: int) -> dict[str, Any]:
    import torch

    torch.manual_seed(8)
    return {f"{name}.lora_A.weight": torch.randn(4, width) * 0.1, f"{name}.lora_B.weight": torch.zeros(width, 4)}


def makers() -> tuple[Callable[[Bench], None], ...]:
    """diffusers makes its own samples: without it they are left out."""
    return (sentences, cross_encoder, adapters, *([diffusion] if find_spec("diffusers") else []))
