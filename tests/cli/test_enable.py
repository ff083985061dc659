"""`safeload enable` guards every interpreter of an environment, breaks none, and leaves no trace when taken back."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import safeload
from safeload import activation, patch, startup
from safeload.errors import StateError
from safeload.guard import workers, wrapping

ROOT = Path(safeload.__file__).parents[1]
FILES = {"_safeload_guard.py", "safeload-guard.pth", "safeload-guard.start"}
ATTACK = """
    import io, os, sys

    class Attack:
        def __reduce__(self):
            return os.mkdir, (sys.argv[1],)

    def attack():
        import _pickle
        stream = io.BytesIO()
        __import__("pickle").Pickler(stream).dump(Attack())
        _pickle.Unpickler(io.BytesIO(stream.getvalue())).load()
"""
PLAIN = ATTACK + "\n    attack()"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An environment that has this safeload, and what this environment has."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "aaa.pth").write_text("\n".join([str(ROOT), *site.getsitepackages()]))
    return folder / "bin" / "python", packages


@pytest.fixture
def venv(made):
    activation.disable(made[1])
    yield made
    activation.disable(made[1])


def python(venv, *args, expect=None, env=None):
    done = subprocess.run(
        [str(venv[0]), *map(str, args)], capture_output=True, text=True, timeout=100, env={**os.environ, **(env or {})}
    )
    assert expect is None or done.returncode == expect, done.stderr
    return done


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text))
    return path


def files(venv):
    return {path.name for path in venv[1].iterdir()} & FILES


@pytest.mark.parametrize("how", [(), ("-I",), ("-E", "-s")])
def test_every_interpreter_is_guarded_and_was_not_before(venv, tmp_path, how):
    path = script(tmp_path, PLAIN)
    python(venv, *how, path, tmp_path / "before", expect=0)
    assert (tmp_path / "before").exists()
    activation.enable(venv[1])
    done = python(venv, *how, path, tmp_path / "after", expect=1)
    assert not (tmp_path / "after").exists()
    assert "mkdir" in done.stderr
    assert "Traceback" not in done.stderr
    activation.disable(venv[1])
    python(venv, *how, path, tmp_path / "again", expect=0)


def test_nothing_but_the_waiting_finder_is_there_before_something_is_imported(venv):
    activation.enable(venv[1])
    done = python(venv, "-c", "import sys; print(*[m for m in sys.modules if 'safeload' in m])", expect=0)
    assert set(done.stdout.split()) == {"_safeload_guard", "safeload", "safeload.lean", "safeload.startup"}


@pytest.mark.parametrize(
    "first",
    ["pickle", "_pickle", "shelve", "safeload.patch", "safeload.api", "safeload.auto", "multiprocessing.pool", "numpy"],
)
def test_whatever_is_imported_first_comes_whole_and_once(venv, first):
    activation.enable(venv[1])
    code = f"""
import sys, {first}
module = sys.modules[{first!r}]
assert module.__spec__.name == {first!r} and module.__spec__._initializing is False
assert type(module.__loader__).__module__ != "safeload.startup", module.__loader__
import pickle, _pickle, safeload.startup, safeload.patch
assert safeload.startup.state == "on", safeload.startup.state
assert safeload.patch.installed() and pickle.loads.__wrapped__
assert not any(type(f).__module__ == "safeload.startup" for f in sys.meta_path)
assert not {first!r}.startswith("safeload.") or getattr(safeload, {first.partition(".")[2]!r}) is module
"""
    python(venv, "-c", code, expect=0)


def test_the_library_that_is_imported_first_is_asked_about(venv):
    activation.enable(venv[1])
    done = python(venv, "-c", "import shelve, numpy; print(hasattr(numpy.load, '__wrapped__'))", expect=0)
    assert done.stdout.split() == ["True"]


def test_all_guarded_libraries_are_waited_for():
    tops = {name.partition(".")[0] for name in wrapping.MODULES | workers.MODULES}
    # `multiprocessing` imports pickle itself, before any of its pools can be imported.
    assert tops - {"multiprocessing"} <= startup.LIBRARIES | startup.PICKLES


@pytest.mark.parametrize("broken", ["raise ImportError", "this is no python", "raise ValueError('x')"])
def test_a_broken_safeload_is_said_once_and_breaks_no_interpreter(venv, tmp_path, broken):
    activation.enable(venv[1])
    (tmp_path / "safeload").mkdir()
    (tmp_path / "safeload" / "__init__.py").write_text(broken)
    done = python(venv, "-c", "import pickle; print('ran')", expect=0, env={"PYTHONPATH": str(tmp_path)})
    assert done.stdout == "ran\n"
    assert "NOT guarded" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_broken_policy_in_the_working_folder_does_not_turn_it_off(venv, tmp_path, monkeypatch):
    activation.enable(venv[1])
    (tmp_path / "safeload.toml").write_text("= broken")
    monkeypatch.chdir(tmp_path)
    done = python(venv, script(tmp_path, PLAIN), tmp_path / "made", expect=1)
    assert not (tmp_path / "made").exists()
    assert "strict" in done.stderr


def test_an_interpreter_without_site_is_not_covered_and_the_command_says_so(venv, tmp_path):
    done = python(venv, "-m", "safeload", "enable", expect=0)
    assert "not under python -S" in done.stdout
    python(venv, "-S", script(tmp_path, PLAIN), tmp_path / "made", expect=0)
    assert (tmp_path / "made").exists()


def test_enabling_twice_and_disabling_twice(venv):
    assert "Activated:" in python(venv, "-m", "safeload", "enable", expect=0).stdout
    assert files(venv) == FILES
    assert "already" in python(venv, "-m", "safeload", "enable", expect=0).stdout
    assert python(venv, "-m", "safeload", "disable", expect=2).returncode == 2, "a reason is needed"
    assert files(venv) == FILES
    disable = ("-m", "safeload", "disable", "--reason", "moved elsewhere")
    assert "No longer" in python(venv, *disable, expect=0).stdout
    assert files(venv) == set()
    assert "Nothing is activated" in python(venv, *disable, expect=0).stdout
    said = json.loads(python(venv, "-m", "safeload", "status", "--format", "json", expect=0).stdout)
    assert "moved elsewhere" in said["log"]["turned off on purpose"][-1]


def test_status_names_the_files_and_what_is_missing_of_them(venv):
    activation.enable(venv[1])
    said = json.loads(python(venv, "-m", "safeload", "status", "--format", "json", expect=0).stdout)["guard"]
    assert said["activation"][0] == f"{venv[1]}: every process"
    (venv[1] / "safeload-guard.pth").unlink()
    said = json.loads(python(venv, "-m", "safeload", "status", "--format", "json", expect=0).stdout)["guard"]
    assert "MISSING safeload-guard.pth" in said["activation"][0]


def test_what_cannot_be_written_is_left_as_it_was(tmp_path, monkeypatch):
    calls = []

    def full(path, text):
        calls.append(path)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        path.write_text(text)

    monkeypatch.setattr(activation, "_write", full)
    with pytest.raises(StateError, match="nothing was changed"):
        activation.enable(tmp_path)
    assert len(calls) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_somebody_else_is_not_replaced(tmp_path):
    (tmp_path / "safeload-guard.pth").write_text("import theirs")
    for change in (activation.enable, activation.disable):
        with pytest.raises(StateError, match="not written by safeload"):
            change(tmp_path)
    assert (tmp_path / "safeload-guard.pth").read_text() == "import theirs"


def test_an_environment_without_safeload_is_refused(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True, timeout=60)
    bare = tmp_path / "bare" / "bin" / "python"
    done = subprocess.run(
        [sys.executable, "-m", "safeload", "enable", "--python", str(bare)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "pip install safeload" in done.stderr
    assert not list((tmp_path / "bare").rglob("*safeload*"))


def test_children_of_a_guarded_process_alone(venv, tmp_path):
    activation.enable(venv[1], mode=startup.CHILDREN)
    path = script(tmp_path, PLAIN)
    python(venv, path, tmp_path / "alone", expect=0)
    assert (tmp_path / "alone").exists()
    parent = (
        "import safeload.auto, subprocess, sys; sys.exit(subprocess.run([sys.executable, *sys.argv[1:]]).returncode)"
    )
    python(venv, "-c", parent, path, tmp_path / "child", expect=1)
    assert not (tmp_path / "child").exists()


CHILD = (
    ATTACK
    + """
    def swallowing():
        try:
            attack()
        except BaseException:
            pass

    if __name__ == "__main__":
        import multiprocessing
        child = multiprocessing.get_context(sys.argv[2]).Process(target=swallowing)
        child.start()
        child.join()
        print(child.exitcode)
"""
)


@pytest.mark.heavy
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_are_guarded_and_what_they_swallow_is_in_the_log(venv, tmp_path, method, monkeypatch):
    monkeypatch.setenv("SAFELOAD_HOME", str(tmp_path / "state"))
    path = script(tmp_path, CHILD)
    python(venv, path, tmp_path / "before", method, expect=0)
    assert (tmp_path / "before").exists()
    activation.enable(venv[1])
    python(venv, path, tmp_path / "after", method, expect=0)
    assert not (tmp_path / "after").exists()
    entries = [json.loads(line) for line in (tmp_path / "state" / "audit.jsonl").read_text().splitlines()]
    assert [e["fields"]["asked_for"] for e in entries if e["event"] == "stopped"] == ["posix.mkdir"]


def test_children_are_told_the_policy_while_it_is_in_force(monkeypatch, tmp_path):
    monkeypatch.delenv(startup.CHILD, raising=False)
    patch.install(policy="strict")
    try:
        assert os.environ[startup.CHILD] == "strict"
        (tmp_path / "own.toml").write_text('extends = "strict"\n')
        monkeypatch.chdir(tmp_path)
        patch.install(policy="own.toml")
        assert os.environ[startup.CHILD] == str(tmp_path / "own.toml")
    finally:
        patch.remove()
    assert startup.CHILD not in os.environ


@pytest.mark.parametrize("name", ["parsers/sandbox/worker.py", "scanners/explain_child.py"])
def test_processes_without_rights_stay_as_they_are_and_an_argument_does_not_look_like_one(monkeypatch, name):
    own = str(ROOT / "safeload" / name)
    for words, expected in {
        ("python", "-I", "-B", own): True,
        ("python", "-I", "-B", "script.py", own): False,
        ("python", "script.py", "-I", "-B", own): False,
        ("python", own): False,
    }.items():
        monkeypatch.setattr(sys, "orig_argv", list(words))
        assert startup._is_own() is expected, words


def test_the_command_itself_is_not_slowed_down_and_says_so(venv):
    activation.enable(venv[1])
    said = json.loads(python(venv, "-m", "safeload", "status", "--format", "json", expect=0).stdout)["guard"]
    assert said["in this process"] is False
    assert "own command" in said["activation"][-1]


LOKY = (
    ATTACK
    + """
    if __name__ == "__main__":
        import joblib
        from joblib.externals.loky import ProcessPoolExecutor
        assert joblib.Parallel(2)(joblib.delayed(abs)(-n) for n in range(3)) == [0, 1, 2]
        with ProcessPoolExecutor(1) as pool:
            pool.submit(attack).result(60)
"""
)


@pytest.mark.heavy
def test_workers_of_loky_are_guarded_and_work(venv, tmp_path):
    pytest.importorskip("joblib")
    path = script(tmp_path, LOKY.replace("sys.argv[1]", repr(str(tmp_path / "made"))))
    python(venv, path, expect=0)
    assert (tmp_path / "made").exists()
    (tmp_path / "made").rmdir()
    activation.enable(venv[1])
    done = python(venv, path)
    assert done.returncode != 0
    assert "mkdir" in done.stderr
    assert "LokyProcess" not in done.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.heavy
def test_a_load_in_a_thread_of_asyncio_is_guarded(venv, tmp_path):
    load = "import asyncio; asyncio.run(asyncio.to_thread(attack))"
    path = script(tmp_path, ATTACK + "\n    " + load)
    python(venv, path, tmp_path / "before", expect=0)
    assert (tmp_path / "before").exists()
    activation.enable(venv[1])
    assert "mkdir" in python(venv, path, tmp_path / "after", expect=1).stderr
    assert not (tmp_path / "after").exists()
