"""Writes down what was seen with which version: `python -m tests.libraries.record [CASE …]`, into `tested.json`.

`make docs` makes docs/libraries.md of it. A library that is not installed keeps what was written last.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.libraries.environments import python
from tests.libraries.running import ROOT, STEPS, all_cases, is_apart, run, version

PAGE = Path(__file__).with_name("tested.json")


def seen(name: str) -> dict | None:
    """What this process' own environment shows of one library."""
    case = all_cases()[name]
    if version(case) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        run(name, "make", Path(folder))
        steps = {step: run(name, step, Path(folder)) for step in STEPS}
    ways = {
        way: {
            "alone": _alone(alone),
            **{step: _stopped(steps[step][way]) for step in ("before", "after")},
            "ordinary": _ordinary([steps[step][way]["plain"] for step in ("before", "after")]),
        }
        for way, alone in steps["none"].items()
    }
    return {"version": version(case), "python": platform.python_version(), "ways": ways}


def _alone(found: dict) -> str:
    if found["ran"]:
        return "runs"
    return (
        "ends the process" if "signal" in found["evil"] else "an error" if "error" in found["evil"] else "nothing runs"
    )


def _ordinary(found: list[dict]) -> str:
    stopped = [one["stopped"] for one in found if "stopped" in one]
    if "Blocked" in stopped:
        return "refused"
    return "the same" if not stopped else "asked" if "DecisionNeeded" in stopped else "stopped, if bound before"


def _stopped(found: dict) -> str:
    if found["ran"]:
        return "RUNS"
    return found["evil"].get("stopped", "nothing runs")


def main(names: list[str]) -> None:
    record = json.loads(PAGE.read_text()) if PAGE.is_file() else {}
    for name, case in all_cases().items():
        if names and name not in names:
            continue
        found = _apart(name) if is_apart(case) else seen(name)
        if found is not None:
            record[name] = found
            print(name, found["version"], flush=True)
            kept = {name: record[name] for name in sorted(record) if name in all_cases()}
            PAGE.write_text(json.dumps(kept, indent=1) + "\n")


def _apart(name: str) -> dict | None:
    if not python(name).exists():
        return None
    asked = [str(python(name)), "-m", "tests.libraries.record", "--one", name]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict | None = json.loads(done.stdout.strip().splitlines()[-1])
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print("\n" + json.dumps(seen(sys.argv[2])))
    else:
        main(sys.argv[1:])
