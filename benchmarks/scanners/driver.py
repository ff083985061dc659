"""One scan in process, by one scanner's own documented entry point; prints what it answered and took, as JSON.

    python driver.py SCANNER WARM FILE

Runs in that scanner's own environment, so it imports nothing beside it. WARM is a small file that is scanned first:
what a session pays once is no part of the figures.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PLANTED = "posix"  # the module that os.system lives in, as pickle writes it
Scan = Callable[[str], tuple[str, bool]]
"""A path as what was answered, in the scanner's own words, and whether the planted name was told."""


def _picklescan() -> Scan:
    from picklescan.scanner import scan_file_path

    def scan(path: str) -> tuple[str, bool]:
        found = scan_file_path(path)
        answer = "error" if found.scan_err else "dangerous" if found.issues_count else "no issue"
        return answer, any(_PLANTED in one.module for one in found.globals)

    return scan


def _modelscan() -> Scan:
    from modelscan.modelscan import ModelScan
    from modelscan.settings import DEFAULT_SETTINGS

    def scan(path: str) -> tuple[str, bool]:
        found = ModelScan(settings=DEFAULT_SETTINGS).scan(path)
        count = found["summary"]["total_issues"]
        skipped = found["summary"]["skipped"]["total_skipped"]
        answer = f"{count} issues" if count else "skipped" if skipped else "error" if found["errors"] else "no issue"
        return answer, _PLANTED in str(found["issues"])

    return scan


def _fickling() -> Scan:
    from fickling.loader import scan_file, scan_zip_archive

    def scan(path: str) -> tuple[str, bool]:
        found = list(scan_zip_archive(path).values()) if path.endswith(".pt") else [scan_file(path)]
        worst = max(one.severity for one in found)
        return worst.name.lower(), any(_PLANTED in str(r.to_dict()) for one in found for r in one.results)

    return scan


def _modelaudit() -> Scan:
    from modelaudit.core import scan_model_directory_or_file

    def scan(path: str) -> tuple[str, bool]:
        found = scan_model_directory_or_file(path, cache_enabled=False)
        said = {str(getattr(one.severity, "value", one.severity)) for one in found.issues}
        worst = next((word for word in ("critical", "warning") if word in said), "no issue")
        incomplete = "" if found.success else ", incomplete"
        return worst + incomplete, any(_PLANTED in one.message for one in found.issues)

    return scan


def _modelaudit_picklescan() -> Scan:
    from modelaudit_picklescan import scan_file

    def scan(path: str) -> tuple[str, bool]:
        found = scan_file(path)
        answer = f"{found.verdict.value}, {found.status.value}"
        return answer, any(_PLANTED in one.message for one in found.findings)

    return scan


def _safeloadai() -> Scan:
    from safeloadai import scan as judge

    def scan(path: str) -> tuple[str, bool]:
        found = judge(path)
        return str(found.verdict or found.status).lower(), _PLANTED in str(found.reasons)

    return scan


def _safeload() -> Scan:
    """Everything: the files that a load opens, their SHA-256, reading, judging, the verdict."""
    import safeload

    def scan(path: str) -> tuple[str, bool]:
        found = safeload.scan(path)
        return found.verdict.action.value, _PLANTED in str(found.verdict.reasons)

    return scan


def _safeload_reading() -> Scan:
    """Without the SHA-256 and what is remembered by it: reading and judging alone."""
    from safeload.policy.evaluate import evaluate
    from safeload.policy.presets import STANDARD
    from safeload.scanners import engine
    from safeload.scanners.interface import How
    from safeload.signals.interface import Assessment
    from safeload.sources.interface import Snapshot
    from safeload.sources.registry import open_source

    def scan(path: str) -> tuple[str, bool]:
        source = open_source(path)
        snapshot = Snapshot.of(source.origin, source.files())
        report = engine.scan(snapshot, lambda artifact: source.open(artifact.path), how=How.LOCAL)
        verdict = evaluate(STANDARD, Assessment(report=report), wants_weights=True)
        return verdict.action.value, _PLANTED in str(verdict.reasons)

    return scan


def _pickle_load() -> Scan:
    """The real load, with the garbage collector off."""
    import pickle

    sys.path.insert(0, str(Path(__file__).parent))
    gc.disable()

    def scan(path: str) -> tuple[str, bool]:
        with Path(path).open("rb") as file:
            scan.value = pickle.load(file)  # type: ignore[attr-defined]
        return "loaded", False

    return scan


def _sha256() -> Scan:
    def scan(path: str) -> tuple[str, bool]:
        with Path(path).open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:8], False

    return scan


SCANS: dict[str, Callable[[], Scan]] = {
    "picklescan": _picklescan,
    "modelscan": _modelscan,
    "fickling": _fickling,
    "modelaudit": _modelaudit,
    "modelaudit-picklescan": _modelaudit_picklescan,
    "safeloadai": _safeloadai,
    "safeload": _safeload,
    "safeload, reading": _safeload_reading,
    "pickle.load": _pickle_load,
    "sha256": _sha256,
}


def _workers() -> list[int]:
    """Our own worker, which is a process beside this one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(child) for child in children]


def _proc(process: int, page: str, field: str) -> int:
    found = re.search(rf"^{field}:\s*(\d+)", Path(f"/proc/{process}/{page}").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _read(processes: list[int]) -> int:
    return sum(_proc(process, "io", "rchar") for process in processes)


def main(name: str, warm: str, path: str) -> dict[str, Any]:
    logging.disable(logging.CRITICAL)
    scan = SCANS[name]()
    scan(warm)
    processes = [os.getpid(), *_workers()]
    before = _read(processes)
    begin = time.perf_counter()
    try:
        answer, told = scan(path)
    except Exception as error:  # noqa: BLE001  (what another scanner raises is its answer)
        answer, told = f"raised {type(error).__name__}", False
    seconds = time.perf_counter() - begin
    return {
        "seconds": seconds,
        "answer": answer,
        "told": told,
        "read": _read(processes) - before,
        "memory": sum(_proc(process, "status", "VmHWM") * 1024 for process in processes),
    }


if __name__ == "__main__":
    sys.stdout, out = sys.stderr, sys.stdout
    print(json.dumps(main(*sys.argv[1:])), file=out, flush=True)
    os._exit(0)  # a value of millions takes long to take apart, and is nobody's figure
