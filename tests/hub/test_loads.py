"""Real loads from the local hub: the honest ones work, and each attack works where nothing guards against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import EXAMPLES, environment

CHILD = """
import json, os, sys, pathlib, importlib.util
import torch, joblib, huggingface_hub, transformers
from huggingface_hub import hf_hub_download as fetch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

folder = pathlib.Path(sys.argv[1])
bert = AutoModelForSequenceClassification.from_pretrained

def run(model_and_tokenizer):
    model, tokenizer = model_and_tokenizer
    return str(tuple(model(**tokenizer("a very good film", return_tensors="pt")).logits.shape))

def torch_load(repo, weights_only):
    return torch.load(fetch(repo, "pytorch_model.bin"), weights_only=weights_only)

cases = {
    "clean": lambda: run((bert("acme/tiny-bert"), AutoTokenizer.from_pretrained("acme/tiny-bert"))),
    "clean-bin": lambda: run((bert("acme/tiny-bert-bin"), AutoTokenizer.from_pretrained("acme/tiny-bert-bin"))),
    "clean-legacy": lambda: bert("acme/tiny-bert-bin-legacy"),
    "clean-sharded-bin": lambda: bert("acme/tiny-bert-bin-sharded"),
    "clean-sharded": lambda: AutoModelForCausalLM.from_pretrained("acme/tiny-gpt-sharded"),
    "hostile-text": lambda: bert("mallory/hostile-text"),
    "payload-beside": lambda: bert("mallory/payload-beside"),
    "adapter": lambda: bert("nice/adapter"),
    "forest": lambda: joblib.load(fetch("acme/tiny-forest", "model.joblib")),
    "full-module": lambda: torch.load(fetch("someone/full-module", "model.pt"), weights_only=False),
    "missing-shard": lambda: AutoModelForCausalLM.from_pretrained("acme/missing-shard"),
    "gated": lambda: bert("acme/gated"),
    "remote-code-untrusted": lambda: AutoModel.from_pretrained("nice/remote-code", trust_remote_code=False),
    "remote-code": lambda: AutoModel.from_pretrained("nice/remote-code", trust_remote_code=True),
    "cross-code": lambda: AutoModel.from_pretrained("nice/cross-code", trust_remote_code=True),
    "remote-code-evil": lambda: AutoModel.from_pretrained("nice/remote-code-evil", trust_remote_code=True),
    "cross-code-evil": lambda: AutoModel.from_pretrained("nice/cross-code-evil", trust_remote_code=True),
    "pwned-default": lambda: bert("mallory/tiny-bert-pwned"),
    "pwned-weights-only-false": lambda: bert("mallory/tiny-bert-pwned", weights_only=False),
    "pwned-torch-default": lambda: torch_load("mallory/tiny-bert-pwned", True),
    "pwned-torch": lambda: torch_load("mallory/tiny-bert-pwned", False),
    "legacy-default": lambda: bert("mallory/tiny-bert-legacy-pwned"),
    "legacy-torch": lambda: torch_load("mallory/tiny-bert-legacy-pwned", False),
    "two-faced": lambda: torch_load("mallory/two-faced", False),
    "two-faced-quiet": lambda: torch_load("mallory/two-faced-quiet", False),
    "liar": lambda: bert("mallory/liar"),
}
outcomes = {}
for name, load in cases.items():
    if name == "adapter" and importlib.util.find_spec("peft") is None:
        continue
    os.environ["SAFELOAD_DEMO_MARKER"] = str(folder / name)
    try:
        value = load()
        result = value if isinstance(value, str) else type(value).__name__
    except Exception as error:
        result = type(error).__name__
    outcomes[name] = [result, (folder / name).exists()]
print(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def loads(running_hub: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Any]], list[Any]]:
    """All loads in one unguarded process: what each gave and whether a payload ran, and the requests."""
    home = tmp_path_factory.mktemp("loads")
    running_hub.reset()
    env = {**environment(home, running_hub.endpoint, os.environ), "PYTHONPATH": str(EXAMPLES)}
    command = [sys.executable, "-c", CHILD, str(home)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), list(running_hub.requests)


@pytest.mark.parametrize(
    ("case", "result"),
    {
        "clean": "(1, 2)",
        "clean-bin": "(1, 2)",
        "clean-legacy": "BertForSequenceClassification",
        "clean-sharded-bin": "BertForSequenceClassification",
        "clean-sharded": "GPT2LMHeadModel",
        "hostile-text": "BertForSequenceClassification",
        "payload-beside": "BertForSequenceClassification",
        "forest": "RandomForestClassifier",
        "full-module": "TinyYolo",
        "missing-shard": "OSError",
        "gated": "OSError",
        "remote-code-untrusted": "ValueError",
        "remote-code": "MyModel",
        "cross-code": "MyModel",
    }.items(),
)
def test_honest_repository(loads: Any, case: str, result: str) -> None:
    assert loads[0][case] == [result, False]


def test_adapter_loads_its_base(loads: Any) -> None:
    if "adapter" not in loads[0]:
        pytest.skip("peft is not installed")
    assert loads[0]["adapter"] == ["BertForSequenceClassification", False]
    assert any("nice/adapter" in r["path"] and "adapter_model" in r["path"] for r in loads[1])


@pytest.mark.parametrize("case", ["pwned-default", "pwned-torch-default", "legacy-default"])
def test_torch_itself_stops_a_default_load(loads: Any, case: str) -> None:
    assert loads[0][case] == ["UnpicklingError", False]


def test_weights_only_false_runs_the_payload_then_shows_an_error(loads: Any) -> None:
    assert loads[0]["pwned-weights-only-false"] == ["UnpicklingError", True]


@pytest.mark.parametrize("case", ["pwned-torch", "legacy-torch", "two-faced", "two-faced-quiet"])
def test_an_unguarded_torch_load_runs_the_payload(loads: Any, case: str) -> None:
    assert loads[0][case][1] is True


@pytest.mark.parametrize("case", ["remote-code-evil", "cross-code-evil"])
def test_trusted_remote_code_runs(loads: Any, case: str) -> None:
    assert loads[0][case] == ["MyModel", True]


def test_other_bytes_than_announced_are_loaded_unnoticed(loads: Any) -> None:
    assert loads[0]["liar"] == ["BertForSequenceClassification", False]


def test_cross_repository_code_is_fetched_at_main(loads: Any) -> None:
    assert any(r["path"].startswith("/mallory/code/resolve/main/modeling_my.py") for r in loads[1])


def test_no_secret_is_sent(loads: Any) -> None:
    assert len(loads[1]) > 50
    assert [r for r in loads[1] if r["auth"]] == []
