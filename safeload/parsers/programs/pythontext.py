"""What a program's text hides from whoever reads it: directions, letters, places off the screen."""

from __future__ import annotations

import re
import unicodedata

from safeload import limits
from safeload.lean import Final, Iterable, Iterator
from safeload.parsers.codefacts import CodeOddity, CodeTime

# Bidirectional controls reorder what is shown (CVE-2021-42574, https://trojansource.codes).
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Code behind a run of blanks stands where no editor shows it.
_OFF_SCREEN: Final = re.compile(r"\S[ \t]{150,}[^\s#]")
_ENDS: Final = re.compile(r"\r\n|\r|\n")
_LONG: Final = 5_000  # characters of one line
_SHOWN: Final = 8  # of each kind
# Scripts whose letters look like Latin ones.
_LOOKALIKE: Final = ("CYRILLIC", "ARMENIAN", "CHEROKEE")


def lines_of(source: str) -> list[str]:
    """The lines as Python counts them; `str.splitlines` knows more ends of a line."""
    return _ENDS.split(source)


def oddities(source: str) -> Iterator[CodeOddity]:
    counts: dict[str, int] = {}
    for number, line in enumerate(lines_of(source), 1):
        for kind in _line(line):
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] <= _SHOWN:
                yield CodeOddity(kind=kind, line=number, text=_shown(line), time=CodeTime.IMPORT)


def _shown(line: str) -> str:
    """Without the blanks that hide its end."""
    return " ".join(line[:_LONG].split())[: limits.CODE_LINE]


def _line(line: str) -> Iterator[str]:
    if not line.isascii() and _BIDI.search(line):
        yield "bidi"
    if len(line) > 150 and _OFF_SCREEN.search(line):
        yield "off-screen"
    if len(line) > _LONG:
        yield "long-line"


def names(identifiers: Iterable[tuple[str, int, int]], lines: list[str]) -> Iterator[CodeOddity]:
    """Identifiers (with line, and column of their end in bytes) that are not what they look like.

    Python normalises names: https://docs.python.org/3/reference/lexical_analysis.html#identifiers
    """
    odd = sorted((line, name, end) for name, line, end in identifiers if not lines[line - 1].isascii())
    found = [_name("lookalike-name", line, name) for line, name, _ in odd if _mixed(name)]
    for line, name, end in odd:
        if name.isascii() and not lines[line - 1].encode()[:end].endswith(name.encode()):
            found.append(_name("folded-name", line, name))
    yield from found[:_SHOWN]


def _name(kind: str, line: int, name: str) -> CodeOddity:
    return CodeOddity(kind=kind, line=line, text=name[:200], time=CodeTime.IMPORT)


def _mixed(name: str) -> bool:
    latin = any(letter.isascii() and letter.isalpha() for letter in name)
    return latin and any(unicodedata.name(letter, "").startswith(_LOOKALIKE) for letter in name)
