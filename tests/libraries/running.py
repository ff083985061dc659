"""Runs one library's case step by step, each in a fresh process."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from tests.libraries import cases

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("none", "before", "after")
ONE = "SAFELOAD_CASE"  # the case whose own environment this is


def all_cases() -> dict[str, ModuleType]:
    names = sorted(item.name for item in pkgutil.iter_modules(cases.__path__))
    return {name: importlib.import_module(f"{cases.__name__}.{name}") for name in names}


def is_apart(case: ModuleType) -> bool:
    """Does it run in an environment of its own (`make test-libraries`)?"""
    return bool(getattr(case, "REQUIRES", ()) or getattr(case, "ALONE", ()))


def version(case: ModuleType) -> str | None:
    """What is installed of it, or None."""
    try:
        return importlib.metadata.version(case.DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None


def run(case: str, step: str, folder: Path) -> dict:
    environment = {
        **os.environ,
        "SAFELOAD_HOME": str(folder / f"home-{step}"),
        "HF_HOME": str(folder / "hf"),
        "KERAS_BACKEND": "torch",
        "KERAS_HOME": str(folder / "keras"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.libraries.child", case, step, str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{case}, {step}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    found: dict = json.loads(done.stdout.strip().splitlines()[-1])
    return found
