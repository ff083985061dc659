"""The real clients use the local hub as they use the Hub."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hub.server import Hub


def test_model_info(hub_env: Hub) -> None:
    from huggingface_hub import HfApi, model_info

    info = model_info("acme/tiny-bert", files_metadata=True, securityStatus=True)
    assert info.sha == hub_env.head("acme/tiny-bert")
    weights = next(s for s in info.siblings or [] if s.rfilename == "model.safetensors")
    assert weights.lfs is not None and len(weights.lfs.sha256) == 64
    assert info.security_repo_status == {"scansDone": True, "filesWithIssues": []}
    assert HfApi().model_info("acme/tiny-bert", expand=["safetensors", "evalResults"]).safetensors is not None


def test_download(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    small = Path(hf_hub_download("acme/tiny-bert", "config.json"))
    large = Path(hf_hub_download("acme/tiny-bert", "model.safetensors"))
    assert small.exists() and large.stat().st_size > 100_000
    assert large.resolve().name == next(
        f.sha256 for f in hub_env.store.get("acme/tiny-bert").commits[-1].files if f.path == "model.safetensors"  # type: ignore[union-attr]
    )
    assert [r for r in hub_env.requests if r["auth"]] == []


def test_transformers_loads_and_runs(child_env: dict[str, str], hub: Hub) -> None:
    code = """
from transformers import AutoModelForSequenceClassification, AutoTokenizer
model = AutoModelForSequenceClassification.from_pretrained("acme/tiny-bert")
tokenizer = AutoTokenizer.from_pretrained("acme/tiny-bert")
print(model(**tokenizer("a very good film", return_tensors="pt")).logits.shape)
"""
    done = subprocess.run([sys.executable, "-c", code], env=child_env, capture_output=True, text=True)
    assert "torch.Size([1, 2])" in done.stdout, done.stderr
    assert not [r for r in hub.requests if r["auth"]]


@pytest.mark.parametrize("weights_only", [True, False])
def test_poisoned_bin(child_env: dict[str, str], hub: Hub, marker: Path, weights_only: bool) -> None:
    code = f"""
from transformers import AutoModelForSequenceClassification
AutoModelForSequenceClassification.from_pretrained("mallory/tiny-bert-pwned", weights_only={weights_only})
"""
    done = subprocess.run([sys.executable, "-c", code], env=child_env, capture_output=True, text=True)
    assert "UnpicklingError" in done.stderr
    assert marker.exists() is not weights_only


def test_full_module(hub_env: Hub) -> None:
    import torch
    from huggingface_hub import hf_hub_download

    module = torch.load(hf_hub_download("someone/full-module", "model.pt"), weights_only=False)
    assert type(module).__name__ == "TinyYolo"
    assert module(torch.zeros(1, 3, 8, 8)).shape == (1, 8, 4, 4)
