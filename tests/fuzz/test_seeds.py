"""Fuzzing starts from an ordinary file of every kind that is read."""

from __future__ import annotations

import pytest

from safeload.parsers import external
from safeload.parsers.examine import examine
from safeload.parsers.plan import RESCUE
from safeload.parsers.reader import Reader
from safeload.parsers.registry import READERS
from tests.fuzz import seeds


def test_no_kind_is_without_one() -> None:
    # What a rescue reads is a pickle, for another purpose.
    assert READERS.keys() - {RESCUE} <= seeds.samples().keys()


@pytest.mark.parametrize("kind", seeds.samples())
def test_it_is_read_whole(kind: str) -> None:
    others = external.load(external.KINDS)
    parts = examine(Reader.of_bytes(seeds.samples()[kind]), purpose=kind if kind in _TEXTS else "", others=others)
    lacking = {part.needs for part in parts if part.gap is not None and part.needs} - others.keys()
    if lacking:
        pytest.skip(f"without a library for {', '.join(lacking)}")
    assert [part.gap for part in parts] == [None] * len(parts)
    assert _CALLED.get(kind, kind) in {name for part in parts for name in (part.format, *part.also)}


_TEXTS = ("python", "template", "yaml", "confection")
# What reading them calls them, where that is another word.
_CALLED = {
    **dict.fromkeys(_TEXTS, "text"),
    "pickle-like": "pickle",
    "joblib-compat": "joblib",
    "ubjson": "xgboost",
    "xgboost": "json",
}
