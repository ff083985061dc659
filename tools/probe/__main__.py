"""Makes every class of the lists that is installed here with hostile state: `python -m tools.probe [PACKAGE ...]`.

An attribute-recording object, and then values of every kind, stand in each field that the class's source speaks of;
then comes what a load does: state, hash, comparison, items, and the drop; and calls with such arguments. Events of the
audit hook tell the effects. What is printed is looked at by a person: a class with an effect that its state chooses
leaves the lists.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from safeload.scanners import names_table
from safeload.scanners.names import Standing

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120  # for one class, with all its states
_MEMORY = 6 << 30  # bytes of address space: a state can ask for arrays of any size
_CPU = 1200  # seconds of one process


def listed(packages: Iterable[str] = ()) -> list[tuple[str, str, bool]]:
    """Every conditional name that a pickle may make an instance of (True), or only call."""
    table = names_table.everything()
    every = list(table.pairs())
    every += [
        ((m, name), known) for m, found in table.classes.items() for text, known in found for name in text.split()
    ]
    wanted = frozenset(packages)
    return sorted(
        {
            (*pair, known.condition.constructed is not None)
            for pair, known in every
            if known.standing is Standing.CONDITIONAL and known.condition is not None
            if known.condition.constructed is not None or known.condition.called is not None
            if not wanted or pair[0].partition(".")[0] in wanted
        }
    )


class Child:
    """A process that answers, started again when it died."""

    def __init__(self, folder: str, extra: Path | None = None) -> None:
        self._folder = folder
        self._paths = os.pathsep.join(str(one) for one in (_ROOT, extra) if one is not None)
        self._running: subprocess.Popen[str] | None = None

    def ask(self, **request: Any) -> dict[str, Any]:
        one = self._running = self._running or self._start()
        if one.stdin is None or one.stdout is None:
            raise AssertionError("both are pipes")
        one.stdin.write(json.dumps(request) + "\n")
        one.stdin.flush()
        ready, _, _ = select.select([one.stdout], [], [], _SECONDS)
        line = one.stdout.readline() if ready else ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        ended = "it took too long" if not ready else f"the process ended with {one.wait()}"
        self.close()
        return {"made": True, "effects": [ended], "calls": []}

    def close(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
        self._running = None

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "HOME": self._folder, "PYTHONPATH": self._paths, "HF_HUB_OFFLINE": "1"}
        return subprocess.Popen(
            [sys.executable, "-m", "tools.probe.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._folder,
            env=environment,
            preexec_fn=_limits,
        )


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU, _CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def probe(
    listed: Iterable[tuple[str, str, bool]], seeds: int, *, extra: Path | None = None
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What was seen of each; `extra` is one more folder in which modules lie."""
    with tempfile.TemporaryDirectory() as folder:
        child = Child(folder, extra)
        try:
            for module, name, new in listed:
                yield module, name, child.ask(module=module, name=name, new=new, seeds=seeds)
        finally:
            child.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("packages", nargs="*")
    arguments.add_argument("--seeds", type=int, default=24, help="states of each class")
    given = arguments.parse_args()
    counts = dict.fromkeys(("absent", "not made", "quiet", "calls what it holds", "effect"), 0)
    for module, name, found in probe(listed(given.packages), given.seeds):
        kind = _kind(found)
        counts[kind] += 1
        if kind in ("effect", "calls what it holds"):
            sys.stdout.write(json.dumps({"name": f"{module}.{name}", **found}) + "\n")
            sys.stdout.flush()
    sys.stderr.write(f"{counts}\n")
    return 0


def _kind(found: dict[str, Any]) -> str:
    if "absent" in found:
        return "absent"
    if found["effects"]:
        return "effect"
    if any(not way.startswith("called later") for way in found["calls"]):
        return "calls what it holds"
    return "quiet" if found["made"] else "not made"


if __name__ == "__main__":
    raise SystemExit(main())
