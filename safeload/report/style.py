"""What the place that a text goes to can show."""

from __future__ import annotations

import os

from safeload.lean import TextIO, record
from safeload.report import words

# What stands for a character of ours where the terminal's encoding does not have it.
ASCII = {"✓": "+", "✕": "x", "●": "+", "○": "o", "▲": "!", "…": "...", "·": "-", words.STEP.strip(): ">"}
NARROWEST, ORDINARY, WIDEST = 20, 80, 1000  # columns


@record(frozen=True, slots=True, kw_only=True)
class Style:
    """What the place can show: columns, colour or none, and the characters of its encoding."""

    width: int = 80
    colour: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colour only on a terminal that wants it; files and pipes get 80 columns (or `COLUMNS`)."""
        wanted = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(width=max(_columns(stream), NARROWEST), colour=wanted, encoding=stream.encoding or "ascii")


def _columns(stream: TextIO) -> int:
    """`COLUMNS`, or how wide this very stream's terminal is: standard output may be another place."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said) > 0:
        return min(int(said), WIDEST)
    try:
        return os.get_terminal_size(stream.fileno()).columns or ORDINARY
    except (OSError, ValueError):  # no terminal, or no file at all
        return ORDINARY


def encodable(text: str, encoding: str) -> str:
    """Text that the encoding can carry: our own marks become ASCII, everything else an escape."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        ours = "".join(ASCII.get(c, c) for c in text)
        return ours.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return encodable(text, "ascii")
    return text
