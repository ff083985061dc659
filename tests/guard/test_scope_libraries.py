"""What loads by diffusers, sentence-transformers, peft, timm and accelerate would open of a listing."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest

from safeload.errors import Misbehaved
from safeload.guard.interface import Loader
from safeload.guard.loaders.accelerate import Accelerate
from safeload.guard.loaders.diffusers import Diffusers
from safeload.guard.loaders.peft import Peft
from safeload.guard.loaders.sentence_transformers import SentenceTransformers
from safeload.guard.loaders.timm import Timm
from safeload.sources.interface import Call, Listing, Role, Wanted
from tests.sources.fakes import listing


def made(*names: str, **files: object) -> Listing:
    contents = dict.fromkeys(names, b"")
    contents |= {name.replace("__", "."): json.dumps(value).encode() for name, value in files.items()}
    return listing(contents, name="acme/model")


def scope(loader: Loader, repo: Listing, entry: str, *, trust: bool = False, **options: object) -> tuple[Wanted, ...]:
    call = Call(target="acme/model", loader=loader.name, entry=entry, trust_remote_code=trust, options=options)
    return loader.scope(call, repo)


def paths(found: tuple[Wanted, ...]) -> set[str]:
    return {f"{w.repo}:{w.path}" if w.repo else w.path for w in found}


# diffusers

PIPELINE = "diffusers.DiffusionPipeline.from_pretrained"
INDEX = {"_class_name": "P", "unet": ["diffusers", "UNet2DModel"], "text_encoder": ["transformers", "CLIPTextModel"],
         "tokenizer": ["transformers", "CLIPTokenizer"], "safety_checker": [None, None]}  # fmt: skip
PARTS = ("unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.bin",
         "unet/diffusion_pytorch_model.fp16.safetensors", "text_encoder/config.json", "text_encoder/pytorch_model.bin",
         "tokenizer/vocab.json", "tokenizer/merges.txt", "safety_checker/pytorch_model.bin", "demo.png",
         "v1-5-pruned.ckpt")  # fmt: skip


def test_each_component_s_settings_and_the_weights_that_it_takes_first() -> None:
    found = paths(scope(Diffusers(), made(*PARTS, model_index__json=INDEX), PIPELINE))
    assert found == {"model_index.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
                     "text_encoder/config.json", "text_encoder/pytorch_model.bin", "tokenizer/vocab.json",
                     "tokenizer/merges.txt"}  # fmt: skip


def test_a_variant_and_pickled_weights_where_they_are_asked_for() -> None:
    repo = made(*PARTS, model_index__json=INDEX)
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in paths(scope(Diffusers(), repo, PIPELINE, variant="fp16"))
    assert "unet/diffusion_pytorch_model.bin" in paths(scope(Diffusers(), repo, PIPELINE, use_safetensors=False))


def test_shards_of_a_component_and_one_that_leads_elsewhere() -> None:
    index = {"weight_map": {"a": "diffusion_pytorch_model-1.safetensors", "b": "../../evil.bin"}}
    repo = listing(
        {
            "model_index.json": json.dumps(INDEX).encode(),
            "unet/diffusion_pytorch_model.safetensors.index.json": json.dumps(index).encode(),
            "unet/diffusion_pytorch_model-1.safetensors": b"",
        },
        name="acme/model",
    )
    found = paths(scope(Diffusers(), repo, PIPELINE))
    assert {"unet/diffusion_pytorch_model-1.safetensors", "../../evil.bin"} <= found


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ("other/repo", "other/repo:pipeline.py"),
        ("lpw", "datasets/diffusers/community-pipelines-mirror:"),
        ("own", "own.py"),
    ],
)
def test_where_a_custom_pipeline_lies(custom: str, expected: str) -> None:
    repo = made(*PARTS, "own.py", model_index__json=INDEX)
    assert expected in paths(scope(Diffusers(), repo, PIPELINE, custom_pipeline=custom))


def test_the_community_s_file_of_this_release_and_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", SimpleNamespace(__version__="0.42.1"))
    names = ("main/lpw.py", "v0.42.1/lpw.py", "v0.1.0/lpw.py")
    mirror = listing(dict.fromkeys(names, b""), name="datasets/diffusers/community-pipelines-mirror")
    assert paths(scope(Diffusers(), mirror, PIPELINE, custom_pipeline="lpw")) == {"main/lpw.py", "v0.42.1/lpw.py"}
    assert paths(scope(Diffusers(), mirror, PIPELINE, custom_pipeline="lpw", custom_revision="0.1.0")) == {
        "v0.1.0/lpw.py"
    }


def test_a_model_s_own_code_only_for_those_who_follow_it() -> None:
    config = {"_class_name": "M", "auto_map": {"AutoModel": "own.M"}}
    repo = made("own.py", config__json=config)
    code = [w for w in scope(Diffusers(), repo, "diffusers.AutoModel.from_pretrained", trust=True)
            if w.role is Role.CODE]  # fmt: skip
    assert [w.path for w in code] == ["own.py"]
    found = scope(Diffusers(), repo, "diffusers.ModelMixin.from_pretrained", trust=True)
    assert not [w for w in found if w.role is Role.CODE]


# sentence-transformers

MODULES = [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
           {"idx": 1, "path": "1_Dense", "type": "sentence_transformers.models.Dense"},
           {"idx": 2, "path": "2_Own", "type": "own.First"}]  # fmt: skip
SENTENCES = "sentence_transformers.SentenceTransformer"


def test_modules_their_weights_and_their_code() -> None:
    files = {"1_Dense/config.json": b"{}", "1_Dense/pytorch_model.bin": b"", "1_Dense/model.safetensors": b"",
             "2_Own/config.json": b"{}", "own.py": b"", "model.safetensors": b"", "tokenizer.json": b"{}",
             "onnx/model.onnx": b"", "modules.json": json.dumps(MODULES).encode(),
             "config.json": b'{"model_type": "bert"}', "README.md": b""}  # fmt: skip
    found = scope(SentenceTransformers(), listing(files, name="acme/model"), SENTENCES)
    assert {w.path: w.role for w in found if w.role in (Role.CODE, Role.WEIGHTS)} == {
        "model.safetensors": Role.WEIGHTS,
        "1_Dense/model.safetensors": Role.WEIGHTS,
        "own.py": Role.CODE,
    }
    assert {"modules.json", "config.json", "tokenizer.json", "2_Own/config.json", "README.md"} <= paths(found)


def test_a_module_of_another_repository() -> None:
    modules = [{"path": "", "type": "mallory/code--own.First"}]
    assert "mallory/code:own.py" in paths(scope(SentenceTransformers(), made(modules__json=modules), SENTENCES))


def test_routes_are_modules_too() -> None:
    files = {"modules.json": json.dumps([{"path": "", "type": "sentence_transformers.models.Router"}]).encode(),
             "router_config.json": b'{"types": {"query_0": "own.First", "../up": "own.First"}}', "own.py": b"",
             "query_0/model.safetensors": b""}  # fmt: skip
    found = paths(scope(SentenceTransformers(), listing(files, name="acme/model"), SENTENCES))
    assert {"own.py", "query_0/model.safetensors"} <= found


@pytest.mark.parametrize("modules", [b"{}", b"no", b"\xff"])
def test_a_list_of_modules_that_is_none(modules: bytes) -> None:
    with pytest.raises(Misbehaved, match=r"modules\.json"):
        scope(SentenceTransformers(), listing({"modules.json": modules}, name="acme/model"), SENTENCES)


def test_an_adapter_s_base_is_no_list_of_modules() -> None:
    repo = made("adapter_model.safetensors", adapter_config__json={"base_model_name_or_path": "acme/base"})
    (base,) = [w for w in scope(SentenceTransformers(), repo, SENTENCES) if w.repo]
    assert (base.repo, base.path, base.entry) == ("acme/base", "", "AutoModel")


# peft

ADAPTER = {"base_model_name_or_path": "acme/base", "revision": "v1", "adapters": {"0": "other/adapter"}}


def test_an_adapter_alone_with_its_base_and_with_others() -> None:
    repo = made("adapter_model.bin", "adapter_model.safetensors", "tokenizer.json", adapter_config__json=ADAPTER)
    alone = paths(scope(Peft(), repo, "peft.PeftModel.from_pretrained"))
    assert alone == {"adapter_config.json", "adapter_model.safetensors", "other/adapter:"}
    whole = scope(Peft(), repo, "peft.BaseAutoPeftModel.from_pretrained")
    (base,) = [w for w in whole if w.repo == "acme/base"]
    assert (base.revision, base.entry) == ("v1", "AutoModel.from_pretrained")
    assert "tokenizer.json" in paths(whole)


# timm


def test_safe_weights_where_there_are_any() -> None:
    repo = made("model.safetensors", "pytorch_model.bin", config__json={"architecture": "resnet18"})
    found = paths(scope(Timm(), repo, "timm.create_model", pretrained=True))
    assert found == {"config.json", "model.safetensors"}
    assert paths(scope(Timm(), repo, "timm.create_model", pretrained=False)) == {"config.json"}
    named = made("weights.bin", config__json={"pretrained_cfg": {"hf_hub_filename": "weights.bin"}})
    assert "weights.bin" in paths(scope(Timm(), named, "timm.create_model", pretrained=True))


@pytest.mark.parametrize(
    ("name", "target", "revision"),
    [("hf-hub:acme/net@v2", "acme/net", "v2"), ("hf_hub:acme/net", "acme/net", None), ("resnet18", None, None)],
)
def test_what_a_name_for_timm_means(name: str, target: str | None, revision: str | None) -> None:
    call = Timm().call_of(Timm.entries[0], (name,), {"pretrained": True})
    assert (call and call.target, call and call.revision) == (target, revision)


# accelerate


def test_the_files_of_a_checkpoint() -> None:
    repo = made("model.safetensors", "optimizer.bin", "custom_checkpoint_0.pkl", "random_states_0.pkl", "notes.txt",
                "pytorch_model_fsdp_0/.metadata")  # fmt: skip
    found = paths(scope(Accelerate(), repo, "accelerate.Accelerator.load_state"))
    assert found == {"model.safetensors", "optimizer.bin", "custom_checkpoint_0.pkl", "random_states_0.pkl",
                     "pytorch_model_fsdp_0/.metadata"}  # fmt: skip
