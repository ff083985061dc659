"""One library in a process of its own: `python -m tests.libraries.child CASE STEP FOLDER`, one JSON object out.

Steps: `make` writes the files; `none`, `before` and `after` load them without the guard, and with it turned on before
and after the library was imported. What was bound in between (`from x import load`) is bound before the guard in
`after` alone.
"""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import safeload
from safeload.decisions.interface import Decider
from safeload.errors import NotLoaded, Stop


class Nobody(Decider):
    asked = 0

    def ask(self, review):
        self.asked += 1


def main(case_name: str, step: str, folder: Path) -> dict:
    case = importlib.import_module(f"tests.libraries.cases.{case_name}")
    marker = folder / "marker"
    if step == "make":
        for name, left in (("evil", marker), ("plain", None)):
            (folder / name).mkdir()
            case.make(folder / name, left)
        return {}
    if step.startswith("crash:"):
        case.ways()[step.removeprefix("crash:")][1](folder / "evil" / case.ways()[step.removeprefix("crash:")][0])
        return {}
    for name in ("evil", "plain"):  # a library may write to what it opens
        shutil.copytree(folder / name, folder / step / name)
    nobody = Nobody()
    if step == "before":
        safeload.install(decider=nobody)
    ways = case.ways()
    if step == "after":
        safeload.install(decider=nobody)
    found = {}
    for way, (file, read) in ways.items():
        if step == "none" and getattr(case, "CRASHES", False):
            evil = crash(case_name, way, folder)
        else:
            evil = outcome(read, folder / step / "evil" / file)
        ran = marker.exists()
        if ran:
            marker.rmdir() if marker.is_dir() else marker.unlink()
        nobody.asked = 0
        plain = outcome(read, folder / step / "plain" / file)
        found[way] = {"evil": evil, "ran": ran, "plain": plain, "asked": nobody.asked}
    safeload.remove()
    return found


def outcome(read, path: Path) -> dict:
    try:
        value = read(path)
    except (NotLoaded, Stop) as error:
        return {"stopped": type(error).__name__, "message": str(error)}
    except BaseException as error:
        # Some libraries put what stopped them into an error of their own.
        told = "stopped" if "was not loaded: " in str(error) else "error"
        return {told: type(error).__name__, "message": str(error)[-500:]}
    return {"loaded": json.loads(json.dumps(value, default=repr))}


def crash(case: str, way: str, folder: Path) -> dict:
    done = subprocess.run([sys.executable, "-m", __spec__.name, case, f"crash:{way}", str(folder)], capture_output=True)
    return {"signal": -done.returncode} if done.returncode < 0 else {"error": done.stderr.decode()[-300:]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print("\n" + json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
