"""The command line itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import safeload
from safeload.cli.main import COMMANDS
from tests.cli.conftest import Ran

HEAVY = ("torch", "transformers", "huggingface_hub", "IPython", "anywidget", "rich", "jinja2", "fickling")


def test_version(cli: Callable[..., Ran]) -> None:
    assert cli("--version") == Ran(0, f"safeload {safeload.__version__}\n", "")


def test_help_names_every_command(cli: Callable[..., Ran]) -> None:
    out = cli("--help").out
    for command in COMMANDS:
        assert f"\n  {command.__name__} " in out


@pytest.mark.parametrize("command", [c.__name__ for c in COMMANDS])
def test_every_command_has_help(command: str, cli: Callable[..., Ran]) -> None:
    ran = cli(command, "--help")
    assert ran.code == 0
    assert "Exit code" in ran.out


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("scan",),
        ("sacn", "x"),
        ("scan", "--no-such", "x"),
        ("scan", "--format", "xml", "x"),
        ("approve", "x"),
        ("run",),
    ],
)
def test_a_usage_error_is_code_2_with_nothing_on_stdout(args: tuple[str, ...], cli: Callable[..., Ran]) -> None:
    ran = cli(*args)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom safeload.cli.main import main\nassert main(['--help']) == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    began = time.perf_counter()
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert ran.stderr.strip() == "[]"
    assert time.perf_counter() - began < 3  # 0.1 s on a quiet machine; the benchmark measures


def test_a_mistake_of_ours_ends_with_the_code_of_an_error_not_of_a_block() -> None:
    code = (
        "import sys\nfrom safeload.cli import main\n"
        "def broken(*a, **k): raise ZeroDivisionError('ours')\n"
        "main.application = broken\nsys.argv = ['safeload', 'scan', 'x']\nmain.main()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert ran.returncode == 2
    assert "ZeroDivisionError: ours" in ran.stderr
    assert "a mistake in safeload" in ran.stderr
