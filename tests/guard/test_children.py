"""Spawned children of a guarded process are guarded, though nothing is activated and their script does not say so."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from safeload import children, patch, startup

SCRIPT = """
import os, pickle, sys

class Attack:
    def __init__(self, marker):
        self.marker = marker
    def __reduce__(self):
        return os.mkdir, (self.marker,)

def load(data):
    return pickle.loads(data)

if __name__ == "__main__":
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    data = pickle.dumps(Attack(os.path.abspath("marker")))
    if "guarded" in sys.argv:
        import safeload
        safeload.install()
    if "removed" in sys.argv:
        safeload.remove()
    with WAY as pool:
        try:
            LOAD
        except Exception as error:
            print(type(error).__name__)
"""
EXECUTOR = (
    "ProcessPoolExecutor(1, mp_context=multiprocessing.get_context({!r}))",
    "pool.submit(load, data).result(60)",
)
POOL = ("multiprocessing.get_context({!r}).Pool(1)", "pool.apply_async(load, (data,)).get(60)")
LOKY = (
    "__import__('joblib.externals.loky').externals.loky.ProcessPoolExecutor(1)",
    "pool.submit(load, data).result(60)",
)


def run(folder: Path, way: tuple[str, str], *words: str) -> str:
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("WAY", way[0]).replace("LOAD", way[1]))
    environment = {name: value for name, value in os.environ.items() if name != startup.CHILD}
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=folder,
        env={**environment, "SAFELOAD_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.heavy
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
@pytest.mark.parametrize("way", [EXECUTOR, POOL], ids=["executor", "pool"])
def test_a_spawned_child_stops_what_its_parent_would(tmp_path, method, way):
    way = (way[0].format(method), way[1])
    run(tmp_path, way)
    (tmp_path / "marker").rmdir()  # without the guard the attack works
    assert "Blocked" in run(tmp_path, way, "guarded")
    assert not (tmp_path / "marker").exists()
    run(tmp_path, way, "guarded", "removed")
    assert (tmp_path / "marker").exists()


@pytest.mark.heavy
def test_a_worker_of_loky_does_too(tmp_path):
    pytest.importorskip("joblib")
    run(tmp_path, LOKY)
    (tmp_path / "marker").rmdir()
    assert "Blocked" in run(tmp_path, LOKY, "guarded")
    assert not (tmp_path / "marker").exists()


def test_nothing_is_left_when_the_guard_is_taken_off(monkeypatch):
    import multiprocessing.spawn as spawn

    monkeypatch.delenv(startup.CHILD, raising=False)
    original = spawn.get_preparation_data
    patch.install()
    try:
        assert spawn.get_preparation_data is not original
        first = next(iter(spawn.get_preparation_data("child")))
        assert first.startswith("safeload")
        children.watch()
        assert spawn.get_preparation_data.__wrapped__ is original
    finally:
        patch.remove()
    assert spawn.get_preparation_data is original


def test_a_guarded_block_tells_children_nothing(monkeypatch):
    import multiprocessing.spawn as spawn

    monkeypatch.delenv(startup.CHILD, raising=False)
    original = spawn.get_preparation_data
    with patch.guarded():
        assert spawn.get_preparation_data is original
