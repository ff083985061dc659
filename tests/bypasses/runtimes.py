"""Runtimes that are not part of the development environment: `python -m tests.bypasses.runtimes [NAME …]`.

Each has an environment of its own, made as those of `tests.libraries` are, by `make test-libraries`. The twins in
`tests.bypasses.twins` run in it; the verdicts beside them are made here. Releases are fixed: some twins hold that a
runtime refuses an attack by itself, and a release that does not any more has to show.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeload import api
from tests.libraries import environments
from tests.libraries.running import ROOT

# What is installed with what it asks for, and what is installed alone.
RUNTIMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "coremltools": (("coremltools==9.0",), ()),
    # The last release, with the llama.cpp of September 2023: before its reader of GGUF was mended.
    "ctransformers": ((), ("ctransformers==0.2.27", "py-cpuinfo==9.0.0")),
    "executorch": ((), ("executorch==1.5.1", "flatbuffers", "ruamel.yaml", "tabulate", "torchao==0.18.0")),
    "litert": (("ai-edge-litert==2.3.0",), ()),
    "onnxruntime": (("onnxruntime==1.31.1",), ()),
    "openvino": (("openvino==2026.4.1",), ()),
    "tensorflow": (("tensorflow-cpu==2.21.0",), ("tf-keras==2.21.0",)),
    "torchserve": ((), ("torchserve==0.12.0",)),
}


@dataclass(frozen=True)
class Ended:
    """How a process ended, what its twin gave, and the last thing it said otherwise."""

    code: int
    value: object
    error: str


@dataclass(frozen=True)
class Runtime:
    """One environment, and the module in `twins` that runs in it."""

    python: Path
    twin: str

    def run(self, step: str, *said: object) -> Ended:
        """`step` of the twin, in a process of its own."""
        done = subprocess.run(
            [str(self.python), "-m", "tests.bypasses.twins.child", self.twin, step, *map(str, said)],
            cwd=ROOT,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(said[0])},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=300,
        )
        value = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 else None
        return Ended(done.returncode, value, done.stderr[-3000:])

    def made(self, folder: Path) -> Path:
        ended = self.run("make", folder)
        assert ended.code == 0, ended.error
        return folder


def runtime(name: str, twin: str) -> Runtime:
    """Skips the test where that environment was not made."""
    python = environments.python(f"runtime-{name}")
    if not python.exists():
        pytest.skip(f"{name} has no environment here: make test-libraries")
    return Runtime(python=python, twin=twin)


def judged(path: Path) -> tuple[str, set[str]]:
    """The verdict on a file or folder of which no loader is known, and the rules that it rests on."""
    review = api.scan(str(path), loader="files")
    found = {one.rule.id for result in review.assessment.report.results for one in result.findings}
    return review.verdict.action.value, found


def main(names: list[str]) -> int:
    for name, (requires, alone) in RUNTIMES.items():
        if not names or name in names:
            print(f"{name}: {', '.join((*requires, *alone))}", flush=True)
            environments.made(f"runtime-{name}", requires, alone)
    tests = sorted(str(path.relative_to(ROOT)) for path in Path(__file__).parent.glob("test_runtime_*.py"))
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-rs", *tests], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
