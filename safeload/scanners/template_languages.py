"""Prose of a chat template that is not English, which is the language that its other rules read.

What a sentence asks for is told by its words. In another language nobody here tells it, and says so. Told apart by
structure: letters that English does not have, or many words in a row without any of those that hold English together.
"""

from __future__ import annotations

import re

from safeload.lean import Final, Iterable
from safeload.scanners import template_words as said

_LETTERS: Final = 10  # words with other letters; half as many pairs of letters where no spaces stand between words
_RUN: Final = 14  # words in a row
_PIECE: Final = re.compile(r"[^\W\d_]+(?:[ \n,;:.!?'\u2019()-]+[^\W\d_]+)*")
_WORD: Final = re.compile(r"[^\W\d_]+")
# Those that other languages do not have, too.
_ENGLISH: Final = frozenset(
    ("the", "of", "and", "to", "is", "you", "your", "that", "this", "these", "those", "with", "for", "from", "are",
     "be", "it", "its", "not", "if", "or", "by", "can", "should", "must", "when", "which", "have", "has", "does", "do",
     "any", "each", "only", "use", "used", "using", "into", "than", "but", "also", "then", "where", "what", "how",
     "they", "their", "there")
)  # fmt: skip


def unread(text: str, apart: Iterable[str] = ()) -> str:
    """A passage of it that is prose in another language; empty where there is none. `apart` is not looked at."""
    for one in sorted(apart, key=len, reverse=True):
        text = text.replace(one, "\0")
    other = [word for word in said.words(text) if not word.isascii()]
    if sum(map(said.weight, other)) >= _LETTERS:
        return text[max(0, text.find(other[0]) - 20) :][:200].strip()
    return next((found for piece in _PIECE.finditer(text) if (found := _foreign(piece[0]))), "")


def _foreign(piece: str) -> str:
    run = 0
    for match in _WORD.finditer(piece):
        run = 0 if match[0].lower() in _ENGLISH else run + 1
        if run >= _RUN:
            return piece[max(0, match.end() - 200) : match.end()]
    return ""
