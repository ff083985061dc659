"""Sealed copies: what is loaded is what was looked at, whatever becomes of the files."""

from __future__ import annotations

from pathlib import Path

import pytest

import safeload
from tests.guard.deciders import Says

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.heavy


def test_a_model_is_loaded_from_copies_and_is_called_as_ever(hub_env):
    from transformers import AutoModel, AutoTokenizer

    plain = AutoModel.from_pretrained("acme/tiny-bert")
    with safeload.guarded(policy="strict", decider=Says(None)):
        model = AutoModel.from_pretrained("acme/tiny-bert")
        tokenizer = AutoTokenizer.from_pretrained("acme/tiny-bert")
    assert (model.name_or_path, model.config._name_or_path) == ("acme/tiny-bert", "acme/tiny-bert")
    assert tokenizer.name_or_path == "acme/tiny-bert"
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])
    assert "memfd:safeload" in Path("/proc/self/maps").read_text()
