"""The names that a wheel carries as Python are those of the TOML files, which people read and review."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from safeload.scanners import names_file, names_table

ROOT = Path(__file__).parents[2]
FILES = sorted(path.name for path in (ROOT / "safeload/scanners/imports").glob("*.toml"))
pytest.importorskip("hatchling")
compiled = runpy.run_path(str(ROOT / "hatch_build.py"))["compiled"]


def document(name: str) -> dict[str, object]:
    made: dict[str, object] = {}
    exec(compiled((ROOT / "safeload/scanners/imports" / name).read_text("utf-8"), name), made)
    return made


@pytest.mark.parametrize("name", FILES)
def test_a_compiled_file_says_what_its_text_says(name: str) -> None:
    text = (ROOT / "safeload/scanners/imports" / name).read_text("utf-8")
    assert names_file.checked(document(name)["DOCUMENT"], file=name) == names_file.read(text, file=name)  # type: ignore[arg-type]


def test_a_wheel_reads_what_was_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModuleType("safeload.scanners.imports.numpy")
    made.__dict__.update(document("numpy.toml"))
    monkeypatch.setitem(sys.modules, made.__name__, made)
    monkeypatch.setattr(names_table, "_text", lambda file: pytest.fail(f"{file} was read as text"))
    assert names_table._read("numpy.toml")["conditional"]


def test_what_is_compiled_is_held_to_the_same_rules() -> None:
    with pytest.raises(ValueError, match="unknown key 'dangerously'"):
        names_file.checked({"library": "x", "dangerously": []}, file="x.toml")
