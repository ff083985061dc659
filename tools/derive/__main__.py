"""Writes a derived list again: `python -m tools.derive LIST [SOURCE ...]`; `--check` compares, and writes nothing.

LIST is a library (`transformers`), or the operators of a format (`operators.torch`). SOURCE is where packages lie, as
in `site-packages`: the first that has a package counts. Without one it is this environment. Of `operators.onnx` it is
onnxruntime's docs/ContribOperators.md. How the output is reviewed is in tools/README.md.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import sysconfig
from pathlib import Path

from . import names, operators, surfaces, torch_operators
from .libraries import LIBRARIES

DATA = Path(__file__).resolve().parents[2] / "safeload" / "scanners"
OPERATORS = ("operators.keras", "operators.keras_hub", "operators.onnx", "operators.tensorflow", "operators.torch")
LISTS = tuple(sorted((*LIBRARIES, *surfaces.SURFACES, *OPERATORS)))


def derive(which: str, sources: list[Path]) -> tuple[dict[Path, str], list[str]]:
    """The text of each data file of one list, and what was left out for which reason."""
    if which in surfaces.SURFACES:
        library = surfaces.SURFACES[which]
        text, left = surfaces.derive(library, sources[0])
        return {DATA / "imports" / library.file: text}, left
    if which in LIBRARIES:
        text, left = names.derive(LIBRARIES[which], sources)
        return {DATA / "imports" / f"{which}_classes.toml": text}, left
    ways = {
        "keras": operators.keras,
        "keras_hub": operators.keras_hub,
        "onnx": operators.onnx,
        "tensorflow": operators.tensorflow,
    }
    kind = which.partition(".")[2]
    files = torch_operators.operators() if kind == "torch" else ways[kind](sources[0])
    return {DATA / "ops" / file: text for file, text in files.items()}, []


def release(text: str) -> str:
    """The line of a data file that says from which release it was made."""
    return next((line for line in text.splitlines() if line.startswith(("derived", "#"))), "")


def differences(files: dict[Path, str]) -> list[str]:
    """How the committed files differ."""
    lines: list[str] = []
    for path, text in files.items():
        committed = path.read_text(encoding="utf-8") if path.exists() else ""
        lines += difflib.unified_diff(committed.split("\n"), text.split("\n"), str(path), "derived", n=0, lineterm="")
    return lines


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("list", choices=LISTS, metavar="LIST", help=", ".join(LISTS))
    arguments.add_argument("sources", type=Path, nargs="*", metavar="SOURCE")
    arguments.add_argument("--check", action="store_true", help="print how the committed data differs; 1 if it does")
    given = arguments.parse_intermixed_args()
    files, left = derive(given.list, given.sources or [Path(sysconfig.get_path("purelib"))])
    sys.stderr.write("".join(f"left out: {line}\n" for line in left))
    changed = differences(files)
    sys.stdout.write("".join(f"{line}\n" for line in changed))
    for path, text in () if given.check else files.items():
        path.write_text(text, encoding="utf-8")
    sys.stderr.write(f"{', '.join(path.name for path in files)}: {len(changed)} lines differ, {len(left)} left out\n")
    return int(given.check and bool(changed))


if __name__ == "__main__":
    raise SystemExit(main())
