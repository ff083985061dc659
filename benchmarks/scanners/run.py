"""Other scanners and safeload on the same files, in one run: medians, ratios, answers, written as Markdown.

    python benchmarks/scanners/run.py [--cache FOLDER] [--output docs/benchmarks.md] [--runs 5] [--only WORD]

Every figure is of a fresh process, taken in turns, so that a busy minute falls on all of them. Absolute times are this
machine's; read the ratios. The cache keeps the other scanners' environments, and the files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environments
import files
import tables

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PATIENCE = 120.0  # seconds for one scan; what takes longer is told as such
ONCE = 8.0  # seconds; what takes longer is not repeated
OURS = ("safeload", "safeload, reading")
BASE = ("pickle.load", "sha256")


@dataclass
class Series:
    """What one scanner did on one file. `told`: it named what the twin of the file ends in."""

    seconds: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    answer: str = "not run"
    told: bool | None = None
    late: bool = False

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def again(self) -> bool:
        return not self.late and (not self.seconds or max(self.seconds) < ONCE)


def clean(home: str) -> dict[str, str]:
    """No cache of an earlier run, no news, no colours."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "HOME", "LD_LIBRARY_PATH")}
    mine = {"SAFELOAD_HOME": home, "PYTHONPATH": str(ROOT)}
    return {**kept, **mine, "NO_COLOR": "1", "PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1"}


class Bench:
    """All scanners: their drivers, their commands."""

    def __init__(self, cache: Path) -> None:
        self.programs = {name: environments.folder(cache, name) for name in environments.SCANNERS}
        self.own = environments.ours(cache, ROOT)
        self.files = cache / "files"

    def python(self, name: str) -> str:
        where = "modelaudit" if name == "modelaudit-picklescan" else name
        return str(self.programs[where] / "python") if where in self.programs else sys.executable

    def warm(self, path: Path) -> Path:
        """A small file of the kind, scanned before the clock starts: the process that reads such files is up then."""
        if path.suffix == ".pt":
            return files.torch_path(self.files).with_suffix(".twin.pt")
        return files.pickle_path(self.files, "small")

    def drive(self, name: str, path: Path) -> dict[str, Any] | None:
        """One scan in process. None when it takes too long."""
        with tempfile.TemporaryDirectory() as home:
            command = [self.python(name), str(HERE / "driver.py"), name, str(self.warm(path)), str(path)]
            env = clean(home) if name in (*OURS, *BASE) else {k: v for k, v in clean(home).items() if k != "PYTHONPATH"}
            try:
                done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                return None
        if done.returncode:
            return {"answer": f"died ({done.returncode})", "told": False}
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def in_process(self, path: Path, names: list[str], runs: int, twin: Path | None) -> dict[str, Series]:
        series = {name: Series() for name in names}
        for turn in range(runs):
            for name, one in series.items():
                if one.again:
                    self._turn(one, self.drive(name, path))
            print(f"  {path.name}: turn {turn + 1} of {runs}", file=sys.stderr, flush=True)
        for name, one in series.items():
            if twin is not None and name not in BASE and not one.late:
                seen = self.drive(name, twin)
                one.told = bool(seen and seen["told"])
        return series

    @staticmethod
    def _turn(one: Series, got: dict[str, Any] | None) -> None:
        if got is None or "seconds" not in got:
            one.late, one.answer = True, "no answer in time" if got is None else got["answer"]
            return
        one.answer = got["answer"]
        one.seconds.append(got["seconds"])
        one.memory.append(got["memory"])
        one.read.append(got["read"])

    def commands(self, path: Path) -> dict[str, list[str]]:
        given = {
            "picklescan": ["-p", str(path)],
            "modelscan": ["-p", str(path)],
            "fickling": ["--check-safety", str(path)],
            "modelaudit": ["scan", "--no-cache", "--quiet", str(path)],
            "safeloadai": ["scan", str(path)],
        }
        if path.is_dir():
            del given["fickling"]  # reads one file
        theirs = {name: [str(self.programs[name] / name), *rest] for name, rest in given.items()}
        return {**theirs, "safeload": [str(self.own / "safeload"), "scan", str(path)]}

    def as_commands(self, path: Path, runs: int) -> dict[str, Series]:
        commands = self.commands(path)
        series = {name: Series() for name in commands}
        for turn in range(-1, runs):  # the first turn warms the caches of the file system
            for name, one in series.items():
                if not one.again:
                    continue
                with tempfile.TemporaryDirectory() as home:
                    begin = time.perf_counter()
                    try:
                        env = {key: value for key, value in clean(home).items() if key != "PYTHONPATH"}
                        done = subprocess.run(commands[name], env=env, capture_output=True, timeout=PATIENCE)
                    except subprocess.TimeoutExpired:
                        one.late, one.answer = True, "no answer in time"
                        continue
                    seconds = time.perf_counter() - begin
                if turn >= 0 or seconds >= ONCE:
                    one.seconds.append(seconds)
                one.answer = f"exit {done.returncode}"
        return series


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "safeload-bench")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", help="files whose name holds this; nothing is written then")
    parser.add_argument("--ours", action="store_true", help="without the other scanners; nothing is written then")
    args = parser.parse_args()

    bench = Bench(args.cache)
    root = args.cache / "files"
    files.make(root)
    names = [*([] if args.ours else [*environments.SCANNERS, "modelaudit-picklescan"]), *OURS, *BASE]
    paths = {name: files.pickle_path(root, name) for name in files.PICKLES}
    found = {
        name: bench.in_process(path, names, args.runs, None if args.ours else path.with_suffix(files.TWIN))
        for name, path in paths.items()
        if args.only in name
    }
    paths["1 GiB checkpoint"] = torch = files.torch_path(root)
    if args.only in "1 GiB checkpoint":
        found["1 GiB checkpoint"] = bench.in_process(
            torch, [n for n in names if n not in BASE], args.runs, torch.with_suffix(".twin.pt")
        )
    commands = {}
    for name, path in {"one small pickle": bench.warm, "a folder of 2,000": files.folder_path(root)}.items():
        if args.only in name:
            commands[name] = bench.as_commands(path, 3 * args.runs)
    text = tables.page(found, commands, {name: path.stat().st_size for name, path in paths.items()}, args.runs)
    print(text)
    if not args.only and not args.ours:
        sys.path.insert(0, str(HERE.parent))
        from page import put

        put(args.output, "Beside other scanners", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
