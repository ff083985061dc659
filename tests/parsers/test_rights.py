"""A parser that was taken over can still do nothing: each right is asked for in a process that gave it up."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from safeload.parsers.sandbox import rights
from safeload.parsers.sandbox.process import Worker

# A stand-in for the worker: the same rights module, then each wish, first in Python, then past Python by the C library.
SCRIPT = """
import ctypes, gc, json, os, signal, socket, subprocess, sys, threading
from pathlib import Path
from safeload.parsers.sandbox import rights
marker = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
only_calls = sys.argv[2] == "calls"
if only_calls:
    rights._deny = lambda: False
given = rights.give_up(memory=1 << 30)
wishes = {
    "write": lambda: open(marker, "w"),
    "read": lambda: open("/etc/passwd").read(),
    "remove": lambda: os.remove(__file__),
    "folder": lambda: os.mkdir(marker),
    "socket": lambda: socket.socket(),
    "fork": lambda: os.fork(),
    "process": lambda: subprocess.run(["/bin/true"]),
    "execute": lambda: os.execv("/bin/true", ["true"]),
    "kill": lambda: os.kill(os.getppid(), 0),
    "import": lambda: __import__("wave"),
    "thread": lambda: threading.Thread(target=print).start(),
    "memory": lambda: bytearray(2 << 30),
}
calls = {
    "c open": lambda: libc.open(marker.encode(), 0o101, 0o600),
    "c openat": lambda: libc.openat(-100, b"/etc/passwd", 0),
    "c fork": lambda: libc.fork(),
    "c socket": lambda: libc.socket(2, 1, 0),
    "c kill": lambda: libc.kill(os.getppid(), 0),
    "c executable memory": lambda: -1 if libc.mprotect(None, 0, 4) else 0,
    "c other's limits": lambda: libc.prlimit(os.getppid(), 7, None, None),
    "c unfilter": lambda: libc.prctl(22, 0, 0, 0, 0),
    "c ptrace": lambda: libc.ptrace(0, 0, 0, 0),
    "c unlink": lambda: libc.unlink(__file__.encode()),
}
out = {"had": given.had, "missing": given.missing, "granted": []}
for name, wish in wishes.items():
    try:
        wish()
    except (OSError, MemoryError, RuntimeError, PermissionError, ImportError):
        continue
    out["granted"].append(name)
if only_calls:
    for name, call in calls.items():
        if call() != -1:
            out["granted"].append(name)
os.write(1, json.dumps(out).encode())
os._exit(0)
"""


def _ask(tmp_path: Path, mode: str) -> tuple[dict[str, list[str]], Path]:
    marker = tmp_path / "marker"
    script = tmp_path / "taken_over.py"
    script.write_text(textwrap.dedent(SCRIPT))
    root = Path(rights.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script), str(marker), mode],
        capture_output=True,
        timeout=30,
        env={"PYTHONPATH": str(root), "PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), marker


def test_nothing_is_granted(tmp_path: Path) -> None:
    answer, marker = _ask(tmp_path, "all")
    assert answer["granted"] == []
    assert not marker.exists()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="seccomp is Linux on x86_64, aarch64",
)
def test_the_kernel_refuses_what_python_is_not_asked_about(tmp_path: Path) -> None:
    """Without the audit hook: code that left the interpreter meets the filter alone."""
    answer, marker = _ask(tmp_path, "calls")
    assert "system calls filtered" in answer["had"]
    assert answer["granted"] == []
    assert not marker.exists()


def test_without_giving_up_all_would_be_granted(tmp_path: Path) -> None:
    """The twin: the wishes are ones that an ordinary process is granted."""
    marker = tmp_path / "marker"
    code = f"open({str(marker)!r}, 'w'); import socket, os; socket.socket().close(); os._exit(0 if os.fork() else 0)"
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0
    assert marker.exists()


def test_a_worker_says_what_it_gave_up() -> None:
    worker = Worker.start()
    given = worker.rights
    worker.close()
    assert "audit hook" in given.had
    assert set(given.had) & set(given.missing) == set()
    if sys.platform == "linux" and platform.machine() == "x86_64":
        assert given.missing == ()
