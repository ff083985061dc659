"""A short run of the differential fuzzing; `make fuzz` is the long one. Each in a process: its hooks stay for good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).resolve().parents[2]

_RUN = """
from tests.fuzz.differential import run
outcome = run(seed={seed}, count=2500)
print(outcome.allowed > 50, outcome.acted > 500, outcome.broken[:3])
"""
_BLIND = """
from tests.fuzz import differential
differential._verdicts = lambda batch, scan, outcome: (True for _ in batch)
print(len(differential.run(seed=1, count=500).broken) > 50)
"""


def ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@pytest.mark.parametrize("seed", [11, 12])
def test_what_real_unpicklers_do_is_allowed_or_the_verdict_is_not_allow(seed: int) -> None:
    assert ran(_RUN.format(seed=seed)) == "True True []"


def test_a_scanner_that_sees_nothing_would_be_caught() -> None:
    assert ran(_BLIND) == "True"
