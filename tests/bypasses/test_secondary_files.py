"""D 34: files that a load opens because another file says so: shards of an index, links, another format than they say.

The file that is named is harmless; what it leads to is not. What is looked at is every file that the load would open.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from safeload import api
from safeload.scanners.interface import Unscanned
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.bypasses.conftest import Oracle

pytestmark = pytest.mark.heavy
transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

LOAD = "import transformers.models.bert.modeling_bert as bert; bert.BertModel.from_pretrained({!r}, weights_only=False)"
GUARD = "import safeload; safeload.install()\n"
INDEX = "pytorch_model.bin.index.json"
TINY = {"hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 4, "vocab_size": 8}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    transformers.BertConfig(**TINY).save_pretrained(folder)
    return folder


def shard(model: Path, target: str) -> None:
    (model / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": {"pooler.dense.bias": target}}))


def outside(model: Path, content: bytes, name: str = "outside.bin") -> Path:
    path = model.parent / name
    path.write_bytes(content)
    return path


def refused(model: Path, oracle: Oracle, marker: Path) -> None:
    """The load runs the payload; the verdict is not to allow it; and with the guard it does not run."""
    shown = api.scan(str(model), loader="transformers")
    assert shown.verdict.action.value != "allow"
    findings = [found for result in shown.assessment.report.results for found in result.findings]
    gaps = [result for result in shown.assessment.report.results if isinstance(result, Unscanned)]
    assert findings or gaps
    code = LOAD.format(str(model))
    oracle.run(GUARD + code, b"")
    assert not marker.exists()
    ended = oracle.run(code, b"")
    assert marker.exists(), ended


@pytest.mark.parametrize("way", ["parent", "absolute", "link", "folder link"])
def test_34_a_shard_outside_of_the_folder(way: str, model: Path, oracle: Oracle, marker: Path) -> None:
    path = outside(model, torch_zip(op.evil(marker)))
    (model / "linked").symlink_to(path.parent)
    (model / "link.bin").symlink_to(path)
    targets = {
        "parent": "../outside.bin",
        "absolute": str(path),
        "link": "link.bin",
        "folder link": "linked/outside.bin",
    }
    shard(model, targets[way])
    refused(model, oracle, marker)


@pytest.mark.parametrize("name", ["notes.txt", "vocab.json", "weights"])
def test_34_a_shard_of_another_format_than_its_name(name: str, model: Path, oracle: Oracle, marker: Path) -> None:
    (model / name).write_bytes(torch_zip(op.evil(marker)))
    shard(model, name)
    refused(model, oracle, marker)


def test_34_the_weights_themselves_are_a_link(model: Path, oracle: Oracle, marker: Path) -> None:
    (model / "pytorch_model.bin").symlink_to(outside(model, torch_zip(op.evil(marker))))
    refused(model, oracle, marker)


def test_34_a_harmless_index_is_allowed(model: Path) -> None:
    torch.save({"pooler.dense.bias": torch.zeros(4)}, model / "one.bin")
    shard(model, "one.bin")
    assert api.scan(str(model), loader="transformers").verdict.action.value == "allow"


def test_34_a_link_that_safetensors_follows(model: Path, tmp_path: Path) -> None:
    """It holds numbers only, and they are not the numbers that were published."""
    tensors = pytest.importorskip("safetensors.torch")
    tensors.save_file({"pooler.dense.bias": torch.ones(4)}, tmp_path / "other.safetensors")
    (model / "model.safetensors").symlink_to(tmp_path / "other.safetensors")
    assert tensors.load_file(model / "model.safetensors")  # the real reader follows it
    assert api.scan(str(model), loader="transformers").verdict.action.value != "allow"
    (model / "model.safetensors").unlink()
    shutil.copy(tmp_path / "other.safetensors", model / "model.safetensors")
    assert api.scan(str(model), loader="transformers").verdict.action.value == "allow"
