"""Poisoned repositories of the local hub become folders that load without a question."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from safeload.rescue.interface import PROVENANCE

pytestmark = pytest.mark.heavy


def safeload(*args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "safeload", *args]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=110, check=False)


@pytest.mark.parametrize("name", ["tiny-bert-pwned", "tiny-bert-legacy-pwned"])
def test_a_poisoned_repository(name: str, child_env: dict[str, str], tmp_path: Path, marker: Path) -> None:
    out = tmp_path / "out"
    assert safeload("scan", f"mallory/{name}", env=child_env).returncode == 1
    done = safeload("convert", f"mallory/{name}", "--output", str(out), env=child_env)
    assert done.returncode == 0, done.stderr
    record = json.loads((out / PROVENANCE).read_text())
    assert record["source"]["name"] == f"mallory/{name}"
    assert len(record["source"]["revision"]) == 40
    assert record["converted"][0]["not_kept"]
    assert record["converted"][0]["file"] == "model.safetensors"
    assert {"config.json"} <= {one["file"] for one in record["copied"]}
    assert safeload("scan", str(out), env=child_env).returncode == 0
    code = (
        "import sys, safeload; from transformers import AutoModel;"
        "found = safeload.load(sys.argv[1]).objects; print(type(found['model']).__name__)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code, str(out)], capture_output=True, text=True, env=child_env, check=False
    )
    assert "Bert" in loaded.stdout, loaded.stderr
    assert not marker.exists()


def test_a_whole_module_of_the_authors_own_class(child_env: dict[str, str], tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = safeload("convert", "someone/full-module", "--format", "json", "--output", out, env=child_env)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["folder"] == out
    assert "detector.nets.TinyYolo" in said["converted"][0]["state_only_of"]
    code = (
        "import sys, torch; from safetensors.torch import load_file; from huggingface_hub import hf_hub_download;"
        "trusted = torch.load(hf_hub_download('someone/full-module', 'model.pt'), weights_only=False).state_dict();"
        "found = load_file(sys.argv[1] + '/model.safetensors');"
        "print(trusted.keys() == found.keys() and all(torch.equal(trusted[k], found[k]) for k in found))"
    )
    ran = subprocess.run([sys.executable, "-c", code, out], capture_output=True, text=True, env=child_env, check=False)
    assert ran.stdout.strip() == "True", ran.stderr


def test_a_clean_repository_has_nothing_to_convert(child_env: dict[str, str], tmp_path: Path) -> None:
    done = safeload("convert", "acme/tiny-bert", "--output", str(tmp_path / "out"), env=child_env)
    assert done.returncode == 2
    assert "nothing to convert" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not os.path.lexists(tmp_path / "out")


def test_the_notebook_loads_a_poisoned_repository_without_its_payload(child_env: dict[str, str], marker: Path) -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); shell.run_line_magic('load_ext', 'safeload');"
        "shell.run_line_magic('safeload', 'mallory/tiny-bert-pwned --convert --as bert');"
        "print(type(shell.user_ns['bert']).__name__, 'bert_tokenizer' in shell.user_ns);"
        "shell.run_line_magic('safeload', 'mallory/tiny-bert-pwned --convert')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=child_env, check=False)
    assert "Bert" in ran.stdout, ran.stderr
    assert "Named, never called:" in ran.stdout
    assert ran.returncode == 0, ran.stderr
    assert not marker.exists()
    kept = list((Path(child_env["SAFELOAD_HOME"]) / "converted").iterdir())
    assert len(kept) == 1  # asked for twice, there once


def test_the_audit_log_says_what_was_converted(child_env: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert safeload("convert", "mallory/tiny-bert-pwned", "--output", str(out), env=child_env).returncode == 0
    record = json.loads((out / PROVENANCE).read_text())
    (entry,) = [json.loads(line) for line in safeload("log", "--format", "json", env=child_env).stdout.splitlines()]
    said, (converted,) = entry["fields"], record["converted"]
    assert entry["event"] == "converted"
    assert said["origin"].startswith("mallory/tiny-bert-pwned@")
    assert said["files"] == {converted["from"]: f"sha256:{converted['from_sha256']}"}
    assert said["written"] == {
        "model.safetensors": f"sha256:{sha256((out / 'model.safetensors').read_bytes()).hexdigest()}"
    }
    assert said["record"] == f"sha256:{sha256((out / PROVENANCE).read_bytes()).hexdigest()}"
    assert said["not_kept"] == {converted["from"]: len(converted["not_kept"])}
    assert said["never_called"] == sorted(converted["names_never_called"])


def test_nothing_is_written_when_the_log_cannot_be(child_env: dict[str, str], tmp_path: Path) -> None:
    blocked = tmp_path / "no-folder"
    blocked.write_text("")
    env = {**child_env, "SAFELOAD_HOME": str(blocked)}
    done = safeload("convert", "mallory/tiny-bert-pwned", "--output", str(tmp_path / "out"), env=env)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
