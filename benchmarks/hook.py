"""What the guard costs where nothing is loaded from outside: the same work without and with it, in turns.

    python benchmarks/hook.py [--output docs/benchmarks.md] [--runs 5]

Each figure is the CPU time of a fresh process and its children, the smallest of all runs: other work on the machine
only adds to it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from page import put

ROOT = Path(__file__).resolve().parents[1]

# Before each: what is imported either way, so that its time is not counted.
_HEAD = """
import ctypes, json, resource, sys
import safeload.patch
from safeload.guard import hook
def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
def on():
    if sys.argv[1] == "nothing":
        # The cheapest hook there is: a function of CPython's that returns a flag. What it costs is CPython's own.
        add = ctypes.pythonapi.PySys_AddAuditHook
        add.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        add(ctypes.cast(ctypes.pythonapi.Py_IsInitialized, ctypes.c_void_p), None)
    elif sys.argv[1] != "off":
        if sys.argv[1] == "Python":
            sys.modules["safeload.guard._filter"] = None
        safeload.patch.install()
        assert hook.heard_by() == sys.argv[1]
def measured(work, times):
    best = None
    for _ in range(times):
        begin = cpu()
        work()
        spent = cpu() - begin
        best = spent if best is None else min(best, spent)
    print(json.dumps(best))
"""
STATES = ("off", "C", "Python", "nothing")
WORK = {
    "`import torch, transformers`": (
        "1 %",
        """
on()
def work():
    import torch, transformers
    from transformers import BertModel
measured(work, 1)
""",
    ),
    "an epoch of a DataLoader with two workers": (
        "2 %",
        """
import torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.ones(40_000, 64), torch.zeros(40_000))
on()
measured(lambda: sum(len(x) for x, _ in DataLoader(data, batch_size=64, num_workers=2)), 3)
""",
    ),
    "unpickling a million small arrays, sent by a process": (
        "15 %",
        """
import multiprocessing, numpy
here, there = multiprocessing.Pipe()
import pickle, threading
data = pickle.dumps([numpy.arange(3) for _ in range(1_000_000)])
on()
def work():
    thread = threading.Thread(target=there.send_bytes, args=(data,))
    thread.start()
    here.recv()
    thread.join()
measured(work, 3)
""",
    ),
    "unpickling 100,000 small arrays, each sent by itself": (
        "",
        """
import multiprocessing, numpy, pickle
here, there = multiprocessing.Pipe()
data = pickle.dumps(numpy.arange(3))
on()
def work():
    for _ in range(100_000):
        there.send_bytes(data)
        here.recv()
measured(work, 3)
""",
    ),
    "`copy.deepcopy` of nested data": (
        "10 %",
        """
import copy
nested = {str(i): [{"a": (j, [j, str(j)]), "b": {"c": [1, 2, 3]}} for j in range(20)] for i in range(60)}
on()
measured(lambda: [copy.deepcopy(nested) for _ in range(10)], 5)
""",
    ),
}


_FLOOR = (
    "The last column but one is what no guard with an audit hook can go below: as soon as there is any, CPython makes "
    "the arguments of each event, `id()` included, before it asks."
)


def seconds(program: str, how: str, state: str) -> float:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env |= {"SAFELOAD_HOME": state, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", _HEAD + program, how], env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"A benchmark failed:\n{program}\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    lines = [
        f"Made by `python benchmarks/hook.py`: CPU time, the smallest of {args.runs} fresh processes each, in turns; "
        f"Python {platform.python_version()}, {os.cpu_count()} cores. `spread`: between the smallest and the middle "
        "run without a guard; what is added can be told from noise only where it is more.",
        "",
        "| what | without | spread | guard, filter in C | guard, hook in Python | a hook in C that does nothing "
        "| goal: under |",
        "|---|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as state:
        for what, (goal, program) in WORK.items():
            turns = [[seconds(program, how, state) for how in STATES] for _ in range(args.runs)]
            off, *others = (sorted(times) for times in zip(*turns, strict=True))
            spread = off[len(off) // 2] / off[0] - 1
            added = " | ".join(f"{times[0] * 1000:.0f} ms, {times[0] / off[0] - 1:+.1%}" for times in others)
            lines.append(f"| {what} | {off[0] * 1000:.0f} ms | {spread:.1%} | {added} | {goal} |")
            print(lines[-1], flush=True)
    lines += ["", _FLOOR]
    put(args.output, "The guard where nothing is loaded", "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
