"""Hostile text comes out plain: nothing hidden, nothing that moves, nothing long."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.scanners.escape import plain


@given(st.text(), st.integers(min_value=1, max_value=60), st.booleans())
def test_any_text_comes_out_bounded_and_visible(text: str, limit: int, lines: bool) -> None:
    made = plain(text, limit, lines=lines)
    assert len(made) <= limit
    allowed = {"\n"} if lines else set()
    assert all(unicodedata.category(c)[0] not in "C" and c not in "\u2028\u2029" for c in set(made) - allowed)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [("a\x1b[31mb", "a\\x1b[31mb"),
     ("a\u202eb", "a\\u202eb"), ("a\nb", "a\\nb"), ("\U000e0041", "\\U000e0041"),
     ("\ud800", "\\ud800"), ("\u200b", "\\u200b"),
     ("plain ünï 漢字 \\n", "plain ünï 漢字 \\n"), ("a\u2028b", "a\\u2028b")],
)  # fmt: skip
def test_examples(hostile: str, shown: str) -> None:
    assert plain(hostile, 100) == shown


def test_marks_piled_on_one_letter_are_written_out() -> None:
    made = plain("a" + "\u0301" * 50, 1_000)
    assert made.count("\u0301") == 4


def test_lines_are_kept_only_when_asked_for() -> None:
    assert plain("a\n\tb", 100, lines=True) == "a\n    b"
    assert plain("a\r\nb", 100, lines=True) == "a\\r\nb"


def test_a_cut_is_shown() -> None:
    assert plain("abcdef", 4) == "abc…"
    assert plain("abcd", 4) == "abcd"
