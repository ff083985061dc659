"""Which files a load by transformers opens, from listings alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safeload.errors import Misbehaved
from safeload.sources.interface import Role, Wanted
from tests.guard.scopes import BERT, CODE, TRANSFORMERS, code, made, scope, weights
from tests.sources.fakes import listing

# What is recognised.


@pytest.mark.parametrize("config", [{"model_type": "bert"}, {"architectures": ["X"]}])
def test_recognises_a_config(config: dict[str, Any]) -> None:
    assert TRANSFORMERS.recognises(made(config))


def test_recognises_an_adapter() -> None:
    assert TRANSFORMERS.recognises(made(None, adapter_config__json={}))


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"model_type": 5}', b"\xff", b"[" * 100_000, b'{"a": 1}'])
def test_does_not_recognise_what_is_no_config(raw: bytes) -> None:
    assert not TRANSFORMERS.recognises(listing({"config.json": raw, "x.bin": b""}))


# Weights.

ALL = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")


@pytest.mark.parametrize(
    ("there", "options", "opened"),
    [
        (ALL, {}, "model.safetensors"),
        (ALL[2:], {}, "pytorch_model.bin"),
        (ALL, {"use_safetensors": False}, "pytorch_model.bin"),
        (ALL[2:], {"use_safetensors": True}, ""),
        (("model.fp16.safetensors", *ALL), {"variant": "fp16"}, "model.fp16.safetensors"),
        (ALL, {"variant": "fp16"}, ""),
        (("pytorch_model.fp16.bin",), {"variant": "fp16"}, "pytorch_model.fp16.bin"),
        (("sub/model.safetensors", *ALL), {"subfolder": "sub"}, "sub/model.safetensors"),
        (("x.gguf", *ALL), {"gguf_file": "x.gguf"}, "x.gguf"),
        (("evil.pkl", "model.pt"), {}, ""),
    ],
)
def test_the_first_form_of_weights_that_is_there(there: tuple[str, ...], options: dict[str, Any], opened: str) -> None:
    assert weights(made(BERT, *there), **options) == ([opened] if opened else [])


@pytest.mark.parametrize("index", ["model.safetensors.index.json", "pytorch_model.bin.index.json"])
def test_an_index_names_the_shards(index: str) -> None:
    content = {"metadata": {}, "weight_map": {"a": "one.bin", "b": "two.bin", "c": "one.bin"}}
    repo = made(BERT, "one.bin", "three.bin", **{index.replace(".", "__"): content})
    found = scope(repo, "AutoModel.from_pretrained")
    # `two.bin` is not there: wanted all the same, and so reported as missing.
    assert weights(repo) == ["one.bin", "two.bin"]
    assert Wanted(path=index, role=Role.CONFIG) in found


def test_an_index_with_a_variant_in_either_place() -> None:
    content = {"weight_map": {"a": "one.safetensors"}}
    for name in ("model.safetensors.index.fp16.json", "model.safetensors.index.fp16.json"):
        assert weights(made(BERT, **{name.replace(".", "__"): content}), variant="fp16") == ["one.safetensors"]


@pytest.mark.parametrize(
    "content", [{}, {"weight_map": []}, {"weight_map": {}}, {"weight_map": {"a": 5}}, {"weight_map": {"a": ""}}, []]
)
def test_an_index_that_names_nothing_is_an_error_that_names_it(content: Any) -> None:
    with pytest.raises(Misbehaved, match=r"model\.safetensors\.index\.json of acme/model"):
        weights(made(BERT, model__safetensors__index__json=content))


@pytest.mark.parametrize("shard", ["../evil.bin", "/etc/passwd", "C:\\x.bin", "a\\..\\b", "a//b", "~/x", "x\0"])
def test_a_shard_outside_of_the_repository_is_in_no_listing(shard: str) -> None:
    repo = made(BERT, "evil.bin", model__safetensors__index__json={"weight_map": {"a": shard}})
    assert weights(repo, subfolder="") == [shard]
    assert shard not in repo.paths


def test_a_config_may_name_its_weights() -> None:
    repo = made({**BERT, "transformers_weights": "own.safetensors"}, "own.safetensors", *ALL)
    assert weights(repo) == ["own.safetensors"]
    assert weights(repo, transformers_weights="model.safetensors") == ["model.safetensors"]


def test_a_config_that_stands_in_for_another() -> None:
    """`configuration_files` replaces `config.json` for some releases: what either names may be opened."""
    repo = made(
        {**BERT, "configuration_files": ["config.4.0.0.json", "../x", 5]},
        "model.safetensors",
        config__4__0__0__json={**CODE, "transformers_weights": "own.safetensors"},
    )
    assert weights(repo) == ["model.safetensors", "own.safetensors"]
    assert code(repo) == ["configuration_my.py", "modeling_my.py"]


def test_a_local_distributed_checkpoint_is_read_with_its_pickled_metadata() -> None:
    names = ("shard-00001-model-00001-of-00002.safetensors", ".metadata", "x/.metadata")
    assert weights(made(BERT, *names, *ALL, local=True)) == [".metadata", *ALL[:1], names[0]]
    assert weights(made(BERT, *names, *ALL)) == ["model.safetensors"]


def test_a_single_local_file_is_itself(tmp_path: Path) -> None:
    from safeload.sources.closure import listing_of
    from safeload.sources.local import LocalSource

    (tmp_path / "x.bin").touch()
    assert weights(listing_of(LocalSource(tmp_path / "x.bin"))) == ["x.bin"]


def test_files_beside_are_not_opened() -> None:
    beside = (
        "README.md",
        "train.py",
        "evil.pkl",
        "optimizer.pt",
        "training_args.bin",
        "tf_model.h5",
        "flax_model.msgpack",
    )
    found = {w.path for w in scope(made(BERT, "model.safetensors", *beside))}
    assert found == {"config.json", "model.safetensors"}


# Tokenizers and processors.


def test_the_whole_opens_the_tokenizer_too() -> None:
    names = ("tokenizer.json", "vocab.txt", "merges.txt", "spiece.model", "special_tokens_map.json",
             "added_tokens.json", "tokenizer.4.0.0.json", "chat_template.jinja",
             "additional_chat_templates/tool.jinja")  # fmt: skip
    repo = made(
        BERT,
        "model.safetensors",
        *names,
        "additional_chat_templates/deep/x.jinja",
        "notes.txt",
        tokenizer_config__json={},
    )
    found = scope(repo)
    roles = {w.path: w.role for w in found}
    assert set(names) | {"tokenizer_config.json"} <= set(roles)
    assert roles["additional_chat_templates/tool.jinja"] is Role.TEMPLATE
    assert roles["vocab.txt"] is Role.TOKENIZER
    assert not {"notes.txt", "additional_chat_templates/deep/x.jinja"} & set(roles)
    assert not [w for w in scope(repo, "AutoModel.from_pretrained") if w.role is Role.TOKENIZER]
    assert weights(repo, "AutoTokenizer.from_pretrained") == []


def test_a_processor_opens_its_settings_and_the_tokenizer() -> None:
    repo = made(BERT, "tokenizer.json", "model.safetensors", preprocessor_config__json={}, processor_config__json={})
    found = {w.path for w in scope(repo, "AutoProcessor.from_pretrained")}
    assert found == {"config.json", "tokenizer.json", "preprocessor_config.json", "processor_config.json"}


# Adapters.


def test_an_adapter_leads_to_its_base() -> None:
    repo = made(None, "adapter_model.safetensors", adapter_config__json={"base_model_name_or_path": "acme/base"})
    found = scope(repo, "AutoModel.from_pretrained")
    assert Wanted(path="", role=Role.CONFIG, repo="acme/base") in found
    assert {w.path for w in found} == {"adapter_config.json", "adapter_model.safetensors", ""}


@pytest.mark.parametrize(
    ("there", "options", "opened"),
    [
        (("adapter_model.safetensors", "adapter_model.bin"), {}, "adapter_model.safetensors"),
        (("adapter_model.bin",), {}, "adapter_model.bin"),
        (("adapter_model.safetensors", "adapter_model.bin"), {"use_safetensors": False}, "adapter_model.bin"),
        ((), {}, "adapter_model.safetensors"),
    ],
)
def test_the_weights_of_an_adapter(there: tuple[str, ...], options: dict[str, Any], opened: str) -> None:
    repo = made(None, *there, adapter_config__json={"base_model_name_or_path": "acme/base"})
    assert weights(repo, **options) == [opened]


@pytest.mark.parametrize(("asked", "passed_on"), [(None, None), ("dev", "dev"), ("a" * 40, None)])
def test_a_branch_is_looked_for_in_the_base_too(asked: str | None, passed_on: str | None) -> None:
    repo = made(None, adapter_config__json={"base_model_name_or_path": "acme/base"})
    (base,) = [w for w in scope(repo, "AutoModel.from_pretrained", revision=asked) if not w.path]
    assert base.revision == passed_on


def test_an_adapter_within_a_model() -> None:
    """A local folder keeps its own model; a repository of the hub is left for the base."""
    parts = {"adapter_config__json": {"base_model_name_or_path": "acme/base"}}
    names = ("adapter_model.safetensors", "model.safetensors")
    assert weights(made(BERT, *names, local=True, **parts)) == ["adapter_model.safetensors", "model.safetensors"]
    assert weights(made(BERT, *names, **parts)) == ["adapter_model.safetensors"]
