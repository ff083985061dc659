"""The worker that safeload's own command forks: it gives up what every worker does, and knows no secrets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only where /proc is")

ROOT = Path(__file__).parents[2]
SECRET = "hf_ThisIsNobodysToken"
# What the worker does instead of serving: it looks through its own memory. The secret is looked for with every byte
# moved by one, so that looking for it does not make what is found.
SEARCH = """
import json, os, sys
from safeload.parsers.sandbox import forked, serve
moved = bytes((n + 1) % 256 for n in range(256))
def search():
    found = 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.readlines():
            place, rights, *_ = line.split()
            start, end = (int(one, 16) for one in place.split("-"))
            if rights.startswith("r") and "[v" not in line:
                memory.seek(start)
                found += memory.read(end - start).translate(moved).count(os.fsencode(sys.argv[1]))
    said = {"found": found, "environment": dict(os.environ), "path": sys.path, "session": os.getsid(0) == os.getpid(),
            "files": [os.readlink(f"/proc/self/fd/{n}").partition(":")[0] for n in range(3)],
            "more": len(os.listdir("/proc/self/fd")) - 4}  # the fourth is the one that lists them
    with open(sys.argv[2], "w") as file:
        json.dump(said, file)
serve.forever = search
"""
BEGIN = "forked.begin()\nos.wait()"


def python(code: str, *args: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TOKEN": SECRET}
    ran = subprocess.run([sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def looked(tmp_path: Path, before: str = "") -> dict[str, Any]:
    out = tmp_path / "said.json"
    python(SEARCH + before + BEGIN, "".join(chr(ord(one) + 1) for one in SECRET), str(out))
    said: dict[str, Any] = json.loads(out.read_text())
    return said


def test_the_environment_is_not_in_its_memory(tmp_path: Path) -> None:
    said = looked(tmp_path)
    assert said["found"] == 0
    assert said["environment"] == {}


def test_without_that_a_token_would_be(tmp_path: Path) -> None:
    assert looked(tmp_path, "forked._forget_environment = lambda: None\n")["found"] > 1


def test_it_has_no_file_of_the_commands_nor_what_is_installed(tmp_path: Path) -> None:
    said = looked(tmp_path, "kept = open(__import__('os').__file__)\n")
    assert said["session"]
    assert said["files"] == ["socket", "/dev/null", "/dev/null"]
    assert said["more"] == 0
    assert all("site-packages" not in place and str(ROOT) != place for place in said["path"])


RIGHTS = """
from safeload.parsers.sandbox import forked
from safeload.parsers.sandbox.process import Worker
forked.begin()
workers = [Worker.start(light=True) for _ in range(2)]
print([worker._running.forked for worker in workers] == [True, False])
print(workers[0].rights == workers[1].rights and "audit hook" in workers[0].rights.had)
"""


def test_it_gives_up_what_every_worker_gives_up() -> None:
    assert python(RIGHTS).split() == ["True", "True"]


THREADS = """
import threading
from safeload.parsers.sandbox import forked
threading.Thread(target=threading.Event().wait, daemon=True).start()
forked.begin()
print(forked.take())
"""


def test_a_process_with_threads_does_not_fork() -> None:
    assert python(THREADS).split() == ["None"]


LOST = """
from safeload.parsers.sandbox import forked
from safeload.parsers.sandbox.process import Worker
def fail(): raise OSError
forked._forget_environment = fail
forked.begin()
worker = Worker.start(light=True)
print(worker._running.forked, "audit hook" in worker.rights.had)
"""


def test_where_it_cannot_forget_another_is_started() -> None:
    assert python(LOST).split() == ["False", "True"]
