"""A few seconds of the coverage-guided fuzzing; `make fuzz` is the long run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parents[2]

pytest.importorskip("atheris")


def test_any_bytes_give_parts_without_an_effect() -> None:
    command = [sys.executable, "-m", "tests.fuzz.coverage", "--seconds", "8"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr  # how many runs it made
