"""papermill and nbconvert: nobody can be asked, so the run ends with one line that says what to do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

TOOLS = {
    "papermill": ("papermill", "--no-progress-bar", "in.ipynb", "out.ipynb"),
    "nbconvert": ("nbconvert", "--to", "notebook", "--execute", "--output", "out.ipynb", "in.ipynb"),
}
pytestmark = [pytest.mark.timeout(180), pytest.mark.kernel]


def execute(tool: str, cells: Sequence[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    empty: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    made = [{**empty, "id": f"cell-{i}", "source": source} for i, source in enumerate(cells)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": made}
    (folder / "in.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    homes = {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    return subprocess.run(
        [sys.executable, "-m", *TOOLS[tool]],
        cwd=folder,
        env={**env, **homes},
        capture_output=True,
        text=True,
        timeout=150,
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_a_question_ends_with_one_line_that_names_the_command(
    tool: str, tmp_path: Path, child_env: dict[str, str]
) -> None:
    done = execute(tool, ["%load_ext safeload", "%safeload someone/full-module", "print('after')"], tmp_path, child_env)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("DecisionNeeded:")]
    assert said and len(set(said)) == 1, done.stderr
    assert re.search(r"safeload approve someone/full-module@[0-9a-f]{40} --loader torch", said[0])
    assert "safeload_jupyter" not in done.stderr and "pipeline.py" not in done.stderr


def test_papermill_keeps_the_panel_and_runs_nothing_after_it(tmp_path: Path, child_env: dict[str, str]) -> None:
    execute("papermill", ["%load_ext safeload", "%safeload someone/full-module", "print('after')"], tmp_path, child_env)
    cells = json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    panel, error = code[-2]["outputs"]
    assert set(panel["data"]) == {"text/html", "text/plain"}
    assert "Decision needed" in "".join(panel["data"]["text/html"])
    assert error["ename"] == "DecisionNeeded" and len(error["traceback"]) == 1
    assert code[-1]["outputs"] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_a_plain_call_ends_in_the_same_way(tool: str, tmp_path: Path, child_env: dict[str, str], marker: Path) -> None:
    cells = [
        "%load_ext safeload",
        "from transformers import AutoModel\nAutoModel.from_pretrained('mallory/tiny-bert-pwned', weights_only=False)",
    ]
    done = execute(tool, cells, tmp_path, child_env)
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("Blocked:")]
    assert said and len(set(said)) == 1, done.stderr
    assert "from_pretrained" not in said[0] and "transformers/" not in done.stderr
    assert not marker.exists()


def test_approved_before_it_runs_through(tmp_path: Path, child_env: dict[str, str]) -> None:
    approve = [sys.executable, "-m", "safeload", "approve", "someone/full-module", "--reason", "a test"]
    approved = subprocess.run(approve, env=child_env, capture_output=True, text=True, timeout=100)
    assert approved.returncode == 0, approved.stderr
    cells = ["%load_ext safeload", "%safeload someone/full-module", "print(type(model).__name__)"]
    done = execute("papermill", cells, tmp_path, child_env)
    assert done.returncode == 0, done.stderr
    assert "TinyYolo" in (tmp_path / "out.ipynb").read_text(encoding="utf-8")
