"""Lists of operators say which release they were held against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safeload.scanners import operators

LISTS = sorted((Path(operators.__file__).parent / "ops").glob("*.txt"))


@pytest.mark.parametrize("path", LISTS, ids=[path.stem for path in LISTS])
def test_a_list_names_its_release(path: Path) -> None:
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert re.search(r"\b\d+\.\d+\.\d+\b", " ".join(head))
    assert operators.listed(path.stem)


@pytest.mark.heavy
def test_the_loaders_of_skops_are_those_of_skops() -> None:
    audit = pytest.importorskip("skops.io._audit")
    known = {key[0] if isinstance(key, tuple) else key for key in audit.NODE_TYPE_MAPPING}
    assert known - operators.listed("skops_loaders") == {"MethodNode", "OperatorFuncNode"}
