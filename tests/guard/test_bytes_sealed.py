"""Sealed copies with the real libraries: what comes out is what it was, called as it was, and nothing is left over."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import shutil
from pathlib import Path

import pytest

import safeload
from tests.guard.deciders import Says

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.heavy

NAME = "acme/tiny-bert"


@pytest.fixture
def strict():
    with safeload.guarded(policy="strict", decider=Says(None)):
        yield


@pytest.fixture
def folder(hub_env, tmp_path: Path) -> Path:
    from huggingface_hub import snapshot_download

    return Path(shutil.copytree(snapshot_download(NAME), tmp_path / "my-model"))


def maps() -> str:
    return Path("/proc/self/maps").read_text() if os.path.exists("/proc/self/maps") else ""


@pytest.mark.parametrize("where", ["hub", "folder", "path object"])
def test_a_model_is_loaded_from_copies_and_is_called_as_ever(hub_env, folder: Path, kind: str, where: str) -> None:
    from transformers import AutoModel, AutoTokenizer

    target = {"hub": NAME, "folder": str(folder), "path object": folder}[where]
    plain, plain_tokenizer = AutoModel.from_pretrained(target), AutoTokenizer.from_pretrained(target)
    with safeload.guarded(policy="strict", decider=Says(None)):
        model = AutoModel.from_pretrained(target)
        tokenizer = AutoTokenizer.from_pretrained(target)
    assert (model.name_or_path, model.config._name_or_path) == (str(target), plain.config._name_or_path)
    assert tokenizer.name_or_path == plain_tokenizer.name_or_path == str(target)
    assert model.config.to_dict() == plain.config.to_dict()
    for name, tensor in plain.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name])
    assert tokenizer("a good film") == plain_tokenizer("a good film")
    if kind == "memory":
        assert "memfd:safeload" in maps()


def test_a_tokenizer_goes_on_working_after_the_load(folder: Path, strict: None, tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    said = tokenizer("a good film")["input_ids"]
    assert copy.deepcopy(tokenizer)("a good film")["input_ids"] == said
    assert pickle.loads(pickle.dumps(tokenizer))("a good film")["input_ids"] == said
    tokenizer.save_pretrained(tmp_path / "saved")
    assert transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")("a good film")["input_ids"] == said


def test_a_model_is_saved_and_loaded_again(folder: Path, strict: None, tmp_path: Path) -> None:
    model = transformers.AutoModel.from_pretrained(folder)
    model.save_pretrained(tmp_path / "saved")
    again = transformers.AutoModel.from_pretrained(tmp_path / "saved")
    assert torch.equal(again.pooler.dense.weight, model.pooler.dense.weight)


def test_nothing_is_left_when_the_model_is_gone(folder: Path, kind: str, strict: None, tmp_path, monkeypatch) -> None:
    import tempfile

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    first = transformers.AutoModel.from_pretrained(folder)  # what is made once
    del first
    gc.collect()
    before, descriptors = maps().count("memfd:safeload"), len(os.listdir("/dev/fd"))
    model = transformers.AutoModel.from_pretrained(folder)
    tensor = model.pooler.dense.weight
    assert [path.name for path in (tmp_path / "temporary").iterdir()]
    del model
    gc.collect()
    assert list((tmp_path / "temporary").iterdir()) == []
    assert tensor.detach().abs().sum() > 0
    del tensor
    gc.collect()
    assert maps().count("memfd:safeload") == before
    assert len(os.listdir("/dev/fd")) <= descriptors


def test_a_stopped_load_leaves_nothing(hub_env, strict: None, tmp_path, monkeypatch) -> None:
    import tempfile

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with pytest.raises(safeload.SafeloadError):
        transformers.AutoModel.from_pretrained("mallory/tiny-bert-pwned")
    gc.collect()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_policy_of_one_s_own_may_seal(folder: Path, tmp_path: Path) -> None:
    team = tmp_path / "team.toml"
    team.write_text('extends = "standard"\n[bytes]\nsealed = true\n')
    with safeload.guarded(policy=str(team), decider=Says(None)):
        model = transformers.AutoModel.from_pretrained(folder)
    assert model.name_or_path == str(folder)
    if hasattr(os, "memfd_create"):
        assert "memfd:safeload" in maps()


def test_safeload_load_seals_too(hub_env) -> None:
    loaded = safeload.load(NAME, policy="strict")
    assert set(loaded.objects) == {"model", "tokenizer"}
    assert loaded.objects["model"].name_or_path == NAME


def test_torch_maps_the_copy_and_not_the_file(tmp_path: Path, strict: None) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weight": torch.ones(100_000)}, path)
    loaded = torch.load(path, mmap=True, weights_only=False)
    evil = path.read_bytes().replace(torch.ones(100).numpy().tobytes(), bytes(400))
    with path.open("r+b") as file:
        file.write(evil)
    assert loaded["weight"].sum() == 100_000


def test_twin_torch_s_mapped_weights_follow_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weight": torch.ones(100_000)}, path)
    loaded = torch.load(path, mmap=True, weights_only=False)
    evil = path.read_bytes().replace(torch.ones(100).numpy().tobytes(), bytes(400))
    with path.open("r+b") as file:
        file.write(evil)
    assert loaded["weight"].sum() < 100_000
