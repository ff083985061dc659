"""`python examples/hub` serves, says where, and stops; the examples are what they claim to be."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.conftest import EXAMPLES


def test_serves_until_stopped(hub_root: Path, isolated: Path) -> None:
    # Where the models are made already, neither torch nor transformers is needed to serve them.
    script = "import runpy, sys; sys.modules['torch'] = sys.modules['transformers'] = None; sys.argv = sys.argv[1:]; "
    script += "runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", script, str(EXAMPLES / "hub"), "--root", str(hub_root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        endpoint = process.stdout.readline().strip()
        assert httpx.get(f"{endpoint}/api/models/acme/tiny-bert").json()["id"] == "acme/tiny-bert"
        assert "acme/tiny-bert" in httpx.get(endpoint).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_busy_port_is_one_line(hub_root: Path, running_hub: object) -> None:
    port = str(running_hub.port)  # type: ignore[attr-defined]
    command = [sys.executable, str(EXAMPLES / "hub"), "--root", str(hub_root), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and port in done.stderr and not done.stdout


def test_the_notebook_is_short_and_clean() -> None:
    notebook = json.loads((EXAMPLES / "quickstart.ipynb").read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code[0]["source"] == "%load_ext safeload"
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    stops = [cell["source"] for cell in code if "raises-exception" in cell["metadata"].get("tags", [])]
    assert stops and all("mallory/tiny-bert-pwned" in source for source in stops)


def test_the_script_guards_before_it_imports_anything_else() -> None:
    tree = ast.parse((EXAMPLES / "guarded_script.py").read_text("utf-8"))
    imports = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports[:2] == ["from __future__ import annotations", "import safeload.auto"]
