"""What share of all cases is allowed without a question: each case's own test holds the lists to the truth."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from .judging import Suite

GOAL = 0.97


def _suites() -> list[Suite]:
    """Those of the libraries that are here; a library that is not here skips its file."""
    found: list[Suite] = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem == "test_share":
            continue
        try:
            module = importlib.import_module(f"{__package__}.{path.stem}")
        except pytest.skip.Exception:
            continue
        found.extend([module.SUITE] if hasattr(module, "SUITE") else [])
    return found


def test_97_of_100_cases_are_allowed_without_a_question(record_property: Callable[[str, object], None]) -> None:
    suites = _suites()
    for suite in suites:
        assert suite.asks.keys() <= suite.cases.keys()
        assert all(reason.endswith(".") for reason in suite.asks.values())
        record_property(suite.library, f"{len(suite.cases)} cases, {len(suite.asks)} ask")
        print(f"{suite.library:20} {len(suite.cases):4} cases {len(suite.asks):3} ask: {', '.join(suite.asks)}")
    cases, asks = sum(len(suite.cases) for suite in suites), sum(len(suite.asks) for suite in suites)
    print(f"{'in all':20} {cases:4} cases {asks:3} ask: {100 * (1 - asks / cases):.1f} % allow")
    assert asks <= (1 - GOAL) * cases
