"""`safeload run`: a script as Python runs it, and what happens when a load in it is stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    def write(code: str) -> Path:
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        path = folder / "script.py"
        path.write_text(code)
        return path

    return write


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    def start(*args: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "safeload", "run", *map(str, args)]
        cwd = tmp_path / "cwd"
        cwd.mkdir(exist_ok=True)
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, cwd=cwd, stdin=subprocess.DEVNULL, env={**os.environ}
        )

    return start


def test_a_script_sees_what_python_would_show_it(script: Callable[[str], Path], run: Runner) -> None:
    path = script(
        "import sys\nprint(__name__, sys.argv[1:], sys.path[0], __file__, sys.modules['__main__'].__file__)\n"
    )
    args = [os.path.join("..", "work", path.name), "--policy", "x", "-m", "--", "--help"]
    ran = run(*args)
    cwd = path.parent.parent / "cwd"
    plain = subprocess.run([sys.executable, *args], capture_output=True, text=True, timeout=60, cwd=cwd)
    assert (ran.stdout, ran.stderr) == (plain.stdout, plain.stderr)


def test_a_module_is_run_from_the_working_folder(script: Callable[[str], Path], run: Runner, tmp_path: Path) -> None:
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / "job.py").write_text("import sys\nprint(__name__, sys.argv[1:], sys.path[0])\n")
    ran = run("-m", "job", "--policy", "x", "--help")
    assert ran.stderr == ""
    assert ran.stdout == f"__main__ ['--policy', 'x', '--help'] {tmp_path / 'cwd'}\n"
    assert run("-mjob").stdout.startswith("__main__ []")


def test_a_folder_with_main(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text("import sys, other\nprint(sys.path[0])")
    (tmp_path / "app" / "other.py").write_text("")
    assert run(tmp_path / "app").stdout == f"{tmp_path / 'app'}\n"


@pytest.mark.parametrize(("code", "exit_code"), [("", 0), ("raise SystemExit(7)", 7), ("import sys; sys.exit()", 0)])
def test_the_exit_code_is_the_script_s(code: str, exit_code: int, script: Callable[[str], Path], run: Runner) -> None:
    assert run(script(code)).returncode == exit_code


def test_sys_exit_with_a_message(script: Callable[[str], Path], run: Runner) -> None:
    ran = run(script("import sys; sys.exit('no data')"))
    assert (ran.returncode, ran.stderr) == (1, "no data\n")


@pytest.mark.parametrize("code", ["def f():\n    return 1 / 0\n\nf()\n", "x = (\n", "raise EOFError('mine')"])
def test_a_script_s_own_error_looks_as_under_python(code: str, script: Callable[[str], Path], run: Runner) -> None:
    path = script(code)
    ran = run(path)
    plain = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (plain.returncode, plain.stderr)


def test_ctrl_c_in_a_script_ends_it_as_under_python(script: Callable[[str], Path], run: Runner) -> None:
    path = script("raise KeyboardInterrupt\n")
    ran = run(path)
    plain = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (plain.returncode, plain.stderr)


@pytest.mark.parametrize("args", [("nowhere.py",), (".",), ("-m", "no_such_module_here"), ("-m", "no.such"), ("a\nb",)])
def test_nothing_to_run_is_one_line_and_code_2(args: tuple[str, ...], run: Runner) -> None:
    ran = run(*args)
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("safeload: ")


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        ("errors.Blocked('model.bin was not loaded: it starts a program.', next='Do not load it.')", 1),
        ("errors.DecisionNeeded('x was not loaded.', next='To approve it: safeload approve x@1 --reason y')", 3),
        ("errors.Stop('pickle asked for os.system.')", 1),
        ("errors.Unreachable('The hub does not answer.')", 2),
    ],
)
def test_a_stop_is_one_message_and_no_traceback(
    error: str, exit_code: int, script: Callable[[str], Path], run: Runner
) -> None:
    ran = run(script(f"from safeload import errors\nraise {error}\n"))
    assert ran.returncode == exit_code
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("safeload: ")


def test_a_poisoned_pickle_is_stopped_and_its_twin_runs(
    script: Callable[[str], Path], run: Runner, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    model = tmp_path / "model.pkl"
    model.write_bytes(b"cos\nsystem\n(Vtouch " + str(marker).encode() + b"\ntR.")
    path = script(f"import pickle\nwith open({str(model)!r}, 'rb') as f:\n    pickle.load(f)\nprint('went on')\n")

    ran = run(path)
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "went on" not in ran.stdout
    assert not marker.exists()

    subprocess.run([sys.executable, str(path)], check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert marker.exists()


@pytest.mark.parametrize("how", ["import safeload.auto", ""])
def test_a_stop_in_a_thread_is_one_message_too(
    how: str, script: Callable[[str], Path], run: Runner, tmp_path: Path
) -> None:
    model = tmp_path / "model.pkl"
    model.write_bytes(b"cos\nsystem\n(Vtrue\ntR.")
    path = script(
        f"{how}\nimport pickle, threading\n"
        f"thread = threading.Thread(target=lambda: pickle.load(open({str(model)!r}, 'rb')))\n"
        "thread.start()\nthread.join()\nprint('went on')\n"
    )
    ran = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60) if how else run(path)
    assert "went on" in ran.stdout
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert ran.stderr.startswith(f"safeload: {model} was not loaded")
