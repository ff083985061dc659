"""The short way of `scan` says what the whole command line says."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.cli.entry import local_scan


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"a": [1.0, 2.0]}))
    return path


def said(module: str, *args: str, home: Path) -> tuple[int, str, str]:
    code = f"import sys\nfrom safeload.cli.{module} import main\nsys.argv[0] = 'safeload'\nsys.exit(main())"
    env = {**os.environ, "SAFELOAD_HOME": str(home)}
    ran = subprocess.run([sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, timeout=60)
    return ran.returncode, ran.stdout, ran.stderr


def test_both_ways_give_the_same_report_and_code(model: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile.pkl"
    hostile.write_bytes(pickle.dumps(os.system))
    targets = ["scan", str(model), str(hostile)]
    short = said("entry", *targets, home=tmp_path / "one")
    assert short == said("main", *targets, home=tmp_path / "two")
    assert short[0] == 1


def test_the_program_leaves_with_the_whole_report_and_no_worker(model: Path, tmp_path: Path) -> None:
    """It leaves without taking the interpreter down: nothing that was written may be lost, nobody stay behind."""
    command = [sys.executable, "-m", "safeload", "scan", *([str(model)] * 50)]
    env = {**os.environ, "SAFELOAD_HOME": str(tmp_path / "home")}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("Nothing to ask") == 50
    assert ran.stdout.endswith("read\n")


def test_only_what_is_here_takes_the_short_way(model: Path) -> None:
    assert local_scan(["scan", str(model)]) == [str(model)]
    for args in (["scan"], ["scan", "org/name"], ["scan", "--format", "json", str(model)], ["review", str(model)]):
        assert local_scan(args) is None
    assert local_scan(["scan", str(model), "-h"]) is None
    assert local_scan(["scan", "a\0b"]) is None


def test_the_short_way_needs_no_reader_of_options(model: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom safeload.cli.entry import main\n"
        f"sys.argv = ['safeload', 'scan', {str(model)!r}]\nassert main() == 0\n"
        "print([name for name in ('typer', 'torch', 'huggingface_hub') if name in sys.modules], file=sys.stderr)"
    )
    env = {**os.environ, "SAFELOAD_HOME": str(tmp_path / "home")}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)
    assert ran.stderr.strip() == "[]"
