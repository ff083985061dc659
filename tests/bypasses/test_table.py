"""docs/bypasses.md: every class of bypass has a test that exists, and a loader that runs it or a reason for none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.bypasses.runtimes import RUNTIMES

TESTS = Path(__file__).resolve().parents[1]
TABLE = (TESTS.parent / "docs" / "bypasses.md").read_text(encoding="utf-8")
CLASSES = 54
NAMES = {
    "ai-edge-litert", "coremltools", "ctransformers", "executorch", "onnxruntime", "openvino", "tensorflow-cpu",
    "tf-keras", "torchserve",
}  # fmt: skip
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows(heading: str) -> list[list[str]]:
    part = TABLE.partition(heading)[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in lines][2:]


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef))


def test_every_class_has_a_row() -> None:
    assert [row[0] for row in rows("# Ways past")] == [str(number) for number in range(1, CLASSES + 1)]
    assert len(rows("## 45")) > 10


def test_every_row_names_tests_and_a_twin() -> None:
    for row in (*rows("# Ways past"), *rows("## 45")):
        assert all(row), row
        assert NAMED.search(row[-2]) or row[-2] == "see below", row


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TABLE)
    assert len(named) > 70
    missing = [f"{file}::{test}" for file, test in named if test not in functions(TESTS / file)]
    assert missing == []


def test_the_page_says_which_releases_the_twins_run_in() -> None:
    wanted = [
        one for requires, alone in RUNTIMES.values() for one in (*requires, *alone) if one.split("==")[0] in NAMES
    ]
    assert len(wanted) == len(NAMES)
    assert [one for one in wanted if one.replace("==", " ") not in TABLE] == []


def test_every_file_of_twins_is_in_the_table() -> None:
    files = sorted((TESTS / "bypasses").glob("test_runtime_*.py"))
    assert len(files) > 5
    named = {file for file, _ in NAMED.findall(TABLE)}
    assert [file.name for file in files if f"bypasses/{file.name}" not in named] == []


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    assert "test_that_nobody_wrote" not in functions(Path(__file__))
