"""A first `from_pretrained` in a fresh environment works with the guard on; a model's code may build it, no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy
pytest.importorskip("transformers")

CODE = """
import collections
import dataclasses
import logging

import pandas  # installed, and imported here for the first time: bytecode, native libraries, folders
import torch
from transformers import PretrainedConfig, PreTrainedModel

from .helper import double

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Size:
    width: int = 4


class MyConfig(PretrainedConfig):
    model_type = "my-model"

    def __init__(self, width=4, **kwargs):
        self.width = width
        super().__init__(**kwargs)


class MyModel(PreTrainedModel):
    config_class = MyConfig

    def __init__(self, config):
        super().__init__(config)
        import scipy.optimize
        EFFECT
        self.linear = torch.nn.Linear(config.width, double(1))
        self.post_init()

    def forward(self, x):
        return self.linear(x)

    def keep(self, path):
        open(path, "w").close()
"""

RUN = """
import os, sys, time
folder, marker, guarded = sys.argv[1:]
if guarded == "guarded":
    import safeload
    from safeload.decisions.interface import Answer, Decider
    from safeload.policy.interface import Action
    class Yes(Decider):
        def ask(self, review):
            return Answer(action=Action.ALLOW, who="somebody")
    safeload.install(decider=Yes())
import torch
from transformers import AutoModel
try:
    model = AutoModel.from_pretrained(folder, trust_remote_code=True)
    assert model(torch.ones(1, 4)).shape == (1, 2)
    model.keep(marker + "-later")
    print("LOADED")
except Exception as error:
    print(type(error).__name__, error)
"""


def write_model(folder: Path, effect: str = "pass") -> Path:
    from safetensors.torch import save_file
    from torch import ones

    folder.mkdir()
    auto = {"AutoConfig": "modeling.MyConfig", "AutoModel": "modeling.MyModel"}
    (folder / "config.json").write_text(json.dumps({"model_type": "my-model", "auto_map": auto, "width": 4}))
    (folder / "modeling.py").write_text(CODE.replace("EFFECT", effect))
    (folder / "helper.py").write_text("def double(x):\n    return 2 * x\n")
    weights = {"linear.weight": ones(2, 4), "linear.bias": ones(2)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def run(folder: Path, tmp_path: Path, *, guarded: bool) -> str:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE" and not k.startswith("HF_")}
    env |= {
        "HF_HOME": str(tmp_path / "hf"),
        "SAFELOAD_HOME": str(tmp_path / "state"),
        "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode"),
        "HF_HUB_OFFLINE": "1",
    }
    how = "guarded" if guarded else "plain"
    command = [sys.executable, "-c", textwrap.dedent(RUN), str(folder), str(tmp_path / "marker"), how]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(240)
def test_a_first_load_in_a_fresh_environment_writes_bytecode_and_works_and_so_does_the_second(tmp_path):
    folder = write_model(tmp_path / "model")
    assert "LOADED" in run(folder, tmp_path, guarded=True)
    assert list((tmp_path / "bytecode").rglob("modeling*.pyc"))
    assert list((tmp_path / "bytecode").rglob("pandas/**/*.pyc"))
    assert "LOADED" in run(folder, tmp_path, guarded=True)
    assert (tmp_path / "marker-later").exists()


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "effect",
    ["open(MARKER, 'w').close()", "logging.FileHandler(MARKER).close()"],
    ids=["itself", "through a library"],
)
def test_what_approved_code_does_beyond_building_the_model_is_stopped_with_its_name(tmp_path, effect):
    folder = write_model(tmp_path / "model", effect.replace("MARKER", repr(str(tmp_path / "marker"))))
    said = run(folder, tmp_path, guarded=True)
    assert "Blocked" in said
    assert "modeling.py of the model was about to change files" in said
    assert not (tmp_path / "marker").exists()
    assert "LOADED" in run(folder, tmp_path, guarded=False), "the twin: without the guard it works"
    assert (tmp_path / "marker").exists()


@pytest.mark.timeout(240)
def test_bytecode_of_other_code_beside_approved_code_does_not_run(tmp_path):
    """CPython believes a `.pyc` by the source's time and size; the hook compares what is about to run."""
    folder = write_model(tmp_path / "model")
    assert "LOADED" in run(folder, tmp_path, guarded=True)
    (pyc,) = (path for path in (tmp_path / "bytecode").rglob("helper*.pyc") if "transformers_modules" in path.parts)
    (source,) = (tmp_path / "hf" / "modules").rglob("helper.py")
    marker = tmp_path / "marker"
    evil = compile(f"import os\nos.mkdir({str(marker)!r})\ndef double(x):\n    return 2 * x\n", str(source), "exec")
    import marshal

    pyc.write_bytes(pyc.read_bytes()[:16] + marshal.dumps(evil))
    assert "was about to run, and nobody has approved it" in run(folder, tmp_path, guarded=True)
    assert not marker.exists()
    assert "LOADED" in run(folder, tmp_path, guarded=False), "the twin: without the guard it runs"
    assert marker.exists()
