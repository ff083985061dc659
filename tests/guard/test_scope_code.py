"""Which code a load by transformers runs, from listings alone."""

from __future__ import annotations

from typing import Any

import pytest

from safeload.sources.interface import Role
from tests.guard.scopes import BERT, CODE, code, made, scope


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", ["configuration_my.py", "modeling_my.py"]),
        ("AutoModel.from_pretrained", ["configuration_my.py", "modeling_my.py"]),
        ("AutoModelForCausalLM.from_pretrained", ["configuration_my.py", "modeling_lm.py"]),
        ("AutoModelForCausalLM", ["configuration_my.py", "modeling_lm.py"]),
        ("AutoConfig.from_pretrained", ["configuration_my.py"]),
        ("AutoTokenizer.from_pretrained", ["configuration_my.py"]),
        ("MyModel.from_pretrained", []),
    ],
)
def test_code_that_nothing_else_can_replace(entry: str, expected: list[str]) -> None:
    repo = made(CODE, "configuration_my.py", "modeling_my.py", "modeling_lm.py", "unused.py")
    assert code(repo, entry) == expected


def test_code_of_a_known_model_runs_only_when_it_is_trusted() -> None:
    repo = made({**CODE, "model_type": "bert"}, "configuration_my.py", "modeling_my.py")
    assert code(repo) == []
    assert code(repo, trust=True) == ["configuration_my.py", "modeling_my.py"]


def test_code_of_another_repository() -> None:
    repo = made({"model_type": "x", "auto_map": {"AutoModel": "mallory/code--modeling.M"}})
    assert code(repo, "AutoModel.from_pretrained") == ["mallory/code:modeling.py"]
    (wanted,) = [w for w in scope(repo, "AutoModel.from_pretrained", code_revision="v2") if w.role is Role.CODE]
    assert wanted.revision == "v2"


def test_code_of_the_own_repository_by_name() -> None:
    assert code(made({"model_type": "x", "auto_map": {"AutoModel": "acme/model--modeling.M"}})) == ["modeling.py"]


@pytest.mark.parametrize(
    "form",
    [
        {"AutoTokenizer": ["tok_slow.T", "tok_fast.T"]},
        ["tok_slow.T", "tok_fast.T"],
        {"AutoTokenizer": [None, "tok_fast.T"]},
    ],
)
def test_a_tokenizer_s_own_code(form: Any) -> None:
    repo = made({"model_type": "x"}, "own.tiktoken", tokenizer_config__json={"auto_map": form})
    found = code(repo, "AutoTokenizer.from_pretrained")
    assert "tok_fast.py" in found
    assert set(found) <= {"tok_slow.py", "tok_fast.py"}
    assert "own.tiktoken" in {w.path for w in scope(repo, "AutoTokenizer.from_pretrained")}
    assert code(repo, "AutoModel.from_pretrained") == []


def test_a_processor_s_own_code() -> None:
    repo = made({"model_type": "x"}, preprocessor_config__json={"auto_map": {"AutoImageProcessor": "ip.P"}})
    assert code(repo, "AutoProcessor.from_pretrained") == ["ip.py"]
    assert code(repo, "AutoImageProcessor.from_pretrained") == ["ip.py"]


def test_custom_generation_runs_with_trust_alone() -> None:
    repo = made(BERT, "custom_generate/generate.py")
    assert code(repo) == []
    assert code(repo, trust=True) == ["custom_generate/generate.py"]
    assert code(repo, "AutoTokenizer.from_pretrained", trust=True) == []


def test_a_pipeline_s_own_code() -> None:
    config = {"model_type": "x", "custom_pipelines": {"mine": {"impl": "pipe.P"}, "other": {"impl": "a/b--pipe.P"}}}
    assert code(made(config), "pipeline", task="mine") == ["pipe.py"]
    assert code(made(config), "pipeline") == ["a/b:pipe.py", "pipe.py"]
    assert code(made(config)) == []


@pytest.mark.parametrize(
    "reference",
    [
        "../../evil.M",
        "/etc/evil.M",
        "a--b--c.M",
        "modeling",
        "a.b.M",
        "..M",
        "C:\\evil.M",
        "~/evil.M",
        "/tmp/x--../evil.M",
    ],
)
def test_a_reference_that_leads_elsewhere_is_in_no_listing(reference: str) -> None:
    repo = made({"model_type": "x", "auto_map": {"AutoModel": reference}}, "evil.py", "modeling.py", "a.py")
    (wanted,) = [w for w in scope(repo, "AutoModel.from_pretrained") if w.role is Role.CODE]
    assert wanted.path == reference
    assert wanted.repo is None
    assert wanted.path not in repo.paths


@pytest.mark.parametrize("mapped", [5, [], "x", {"AutoModel": 5}, {"AutoModel": {}}, {"AutoModel": [5]}])
def test_an_auto_map_of_the_wrong_type_is_none(mapped: Any) -> None:
    assert code(made({"model_type": "x", "auto_map": mapped})) == []


@pytest.mark.parametrize("key", ["attn_implementation", "experts_implementation", "_attn_implementation"])
def test_attention_from_a_kernel_repository_is_code(key: str) -> None:
    assert code(made({**BERT, key: "mallory/kernel"})) == ["kernel:mallory/kernel"]
    assert code(made({**BERT, key: "sdpa"})) == []
    assert code(made(BERT), attn_implementation="mallory/kernel") == ["kernel:mallory/kernel"]
