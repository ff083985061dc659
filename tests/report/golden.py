"""Golden files: what a face said when somebody last looked. `UPDATE_GOLDEN=1 pytest tests/report` writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def agrees(name: str, said: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(said.encode())
    assert path.exists(), f"{name} is missing: run with UPDATE_GOLDEN=1 and read what it says"
    assert said == path.read_bytes().decode()
