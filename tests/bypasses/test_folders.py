"""34: files of a folder that the library which would load it leaves alone; another one, or the next line, does not.

A scan of a folder looks at every file. A load, and a scan that says whose load is meant, look at what that load opens.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from safeload import api
from safeload.policy.interface import Action, Review
from safeload.sources.interface import Role
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.bypasses.conftest import Oracle

WEIGHTS = torch_zip(op.proto(2) + op.EMPTY_DICT + op.STOP)
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
# What each library would be told by, and a name that nothing of it opens.
FOLDERS = {
    "torch": {"weights.bin": WEIGHTS},
    "transformers": {"config.json": CONFIG, "pytorch_model.bin": WEIGHTS},
    "joblib": {"model.joblib": pickle.dumps({"a": 1})},
}


def folder_of(place: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def roles(review: Review) -> dict[str, Role]:
    return {artifact.path: artifact.role for artifact in review.snapshot.artifacts}


@pytest.mark.parametrize("library", FOLDERS)
def test_a_poisoned_file_beside_the_weights_is_found(
    library: str, tmp_path: Path, marker: Path, oracle: Oracle
) -> None:
    evil = op.evil(marker)
    folder = folder_of(tmp_path / "model", {**FOLDERS[library], "extra/labels.pkl": evil})
    seen = api.scan(folder)
    assert seen.call.loader == library
    assert seen.verdict.action is Action.BLOCK
    assert roles(seen)["extra/labels.pkl"] is Role.FOUND
    oracle.run(f"import pickle; pickle.load(open({str(folder / 'extra/labels.pkl')!r}, 'rb'))", b"")
    assert marker.exists(), "no attack"


def test_a_program_beside_the_weights_is_found(tmp_path: Path, marker: Path, oracle: Oracle) -> None:
    code = f"import os\nos.system('touch {marker}')\n".encode()
    folder = folder_of(tmp_path / "model", {**FOLDERS["torch"], "handler.py": code})
    assert api.scan(folder).verdict.action is not Action.ALLOW
    oracle.run(f"import runpy; runpy.run_path({str(folder / 'handler.py')!r})", b"")
    assert marker.exists(), "no attack"


@pytest.mark.parametrize("library", FOLDERS)
def test_what_lies_beside_ordinary_weights_asks_nothing(library: str, tmp_path: Path) -> None:
    beside = {"README.md": b"# A model\n", "notes/eval.json": b'{"f1": 0.5}', ".gitattributes": b"*.bin filter=lfs\n",
              "other.pkl": pickle.dumps([1, 2]), "plots/run.py": b"import torch\nprint(torch.zeros(1))\n"}  # fmt: skip
    folder = folder_of(tmp_path / "model", {**FOLDERS[library], **beside})
    seen = api.scan(folder)
    assert seen.verdict.action is Action.ALLOW, seen.verdict.reasons
    assert set(beside) < set(roles(seen))


def test_who_names_the_load_is_told_of_that_load(tmp_path: Path, marker: Path) -> None:
    folder = folder_of(tmp_path / "model", {**FOLDERS["torch"], "labels.pkl": op.evil(marker)})
    seen = api.scan(folder, loader="torch")
    assert roles(seen) == {"weights.bin": Role.WEIGHTS}
    assert seen.verdict.action is Action.ALLOW


def test_a_load_looks_at_what_it_loads(tmp_path: Path, marker: Path) -> None:
    pytest.importorskip("torch")
    folder = folder_of(tmp_path / "model", {**FOLDERS["torch"], "labels.pkl": op.evil(marker)})
    assert api.load(folder).objects["model"] == {}
