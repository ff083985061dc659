"""Libraries in environments of their own: `python -m tests.libraries.environments [CASE …]`, or `make test-libraries`.

Each is a small virtual environment laid over this one: what is here (torch, numpy, pytest, safeload) is seen there, and
what a library brings stays there. No torch is ever installed: a constraint holds the one that is here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version as version_of
from pathlib import Path

from tests.libraries.running import ONE, ROOT, all_cases, is_apart

PLACE = ROOT / ".libraries"


def python(case: str) -> Path:
    return PLACE / case / "bin" / "python"


def made(case: str, requires: tuple[str, ...], alone: tuple[str, ...]) -> Path:
    """The environment of one case. `alone` are installed without what they ask for."""
    place = PLACE / case
    done = place / "installed.txt"
    wanted = "\n".join((*requires, "--no-deps", *alone))
    if done.is_file() and done.read_text() == wanted:
        return python(case)
    venv.create(place, clear=True, with_pip=True, symlinks=True)
    (inside,) = place.glob("lib/python*/site-packages")
    # `addsitedir`, not a bare path: safeload itself is there by a `.pth` of its own.
    (inside / "beneath.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    held = place / "constraints.txt"
    held.write_text(f"torch=={version_of('torch')}\n")
    install = [str(python(case)), "-m", "pip", "install", "--quiet", "--constraint", str(held)]
    for options in (list(requires), ["--no-deps", *alone] if alone else []):
        if options:
            subprocess.run([*install, *options], check=True)
    done.write_text(wanted)
    return python(case)


def main(names: list[str]) -> int:
    failed = []
    for name, case in all_cases().items():
        if not is_apart(case) or (names and name not in names):
            continue
        requires, alone = getattr(case, "REQUIRES", ()), getattr(case, "ALONE", ())
        print(f"{name}: {', '.join((*requires, *alone))}", flush=True)
        here = made(name, requires, alone)
        tests = [str(here), "-m", "pytest", "-q", "-rs", "tests/libraries"]
        if subprocess.run(tests, cwd=ROOT, env={**os.environ, ONE: name}).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
