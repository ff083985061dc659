"""An environment of its own for each of the other scanners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

# With what their packages forget to ask for.
SCANNERS: Final[dict[str, tuple[str, ...]]] = {
    "picklescan": ("picklescan==1.0.5",),
    "modelscan": ("modelscan==0.8.8",),
    "fickling": ("fickling==0.1.12", "typing_extensions"),
    "modelaudit": ("modelaudit==0.2.54",),
    "safeloadai": ("safeloadai==0.9.0",),
}


def ours(cache: Path, root: Path) -> Path:
    """safeload as users have it: a wheel of this tree, in an environment of its own."""
    programs = cache / "safeload" / "bin"
    if not (programs / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(cache / "safeload")], check=True)
    subprocess.run([str(programs / "python"), "-m", "pip", "install", "--quiet", str(root)], check=True)
    return programs


def folder(cache: Path, name: str) -> Path:
    """The environment's programs, installed from PyPI unless they are there."""
    programs = cache / name / "bin"
    if not (programs / name).exists():
        subprocess.run([sys.executable, "-m", "venv", str(cache / name)], check=True)
        subprocess.run([str(programs / "python"), "-m", "pip", "install", "--quiet", *SCANNERS[name]], check=True)
    return programs
