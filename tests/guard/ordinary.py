"""Runs a script with the guard on, in it and in the children that it starts, once cold and once warm."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

LIMIT = 100  # seconds; what hangs fails

# Spawned children import the script anew, so they are guarded as well.
HEAD = """
import os, sys
import safeload
safeload.install()
from safeload import patch
from safeload.guard import hook
from safeload.errors import Blocked, NotLoaded, SafeloadError, Stop
patch._setups[0] = patch.Setup(policy=patch._setups[0].policy, decider=None)  # nobody is there to be asked


class Own:
    def __init__(self, value):
        self.value = value
    def __eq__(self, other):
        return type(other) is Own and other.value == self.value
    __hash__ = None


class OwnError(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Attack:
    def __init__(self, marker):
        self.marker = marker
    def __reduce__(self):
        return os.mkdir, (self.marker,)


def twice(own):
    return Own(own.value * 2)


def fail(own):
    raise OwnError(own.value)


def unpickle(data):
    import _pickle
    return _pickle.loads(data)


def quiet():
    assert hook.is_on()
    stopped = hook.collect()
    assert not stopped, stopped
"""


def needs(*libraries: str) -> None:
    """Skip without them. They are not imported: some change how exceptions pickle, for every later test as well."""
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")


# What a script does itself, and not the children that import it.
ONCE = "main(); quiet()"
TWICE = "main(); main(); quiet()"


def run(script: str, tmp_path: Path, *, times: int = 2, head: str = HEAD, main: str = "") -> str:
    path = tmp_path / "script.py"
    end = f'\n\nif __name__ == "__main__":\n    {main}\n    print("OK")\n' if main else ""
    path.write_text(head + "\n\n" + textwrap.dedent(script) + end)
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    env |= {
        "SAFELOAD_HOME": str(tmp_path / "state"),
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "MPLCONFIGDIR": str(tmp_path / "matplotlib"),
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "inductor"),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), str(tmp_path)]),
    }
    (tmp_path / "home").mkdir(exist_ok=True)
    done = subprocess.CompletedProcess([], 1, "", "")
    for _ in range(times):
        command = [sys.executable, str(path)]
        done = subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("OK\n"), done.stdout + done.stderr
    return done.stdout + done.stderr
