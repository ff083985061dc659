"""What the place that a text goes to can show."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TextIO

from safeload.report import words

# What stands for a character of ours where the terminal's encoding does not have it.
ASCII = {"✓": "+", "✕": "x", "●": "+", "○": "o", "▲": "!", "…": "...", "·": "-", words.STEP.strip(): ">"}
NARROWEST = 20  # columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What the place can show: columns, colour or none, and the characters of its encoding."""

    width: int = 80
    colour: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colour only on a terminal that wants it; files and pipes get 80 columns (or `COLUMNS`)."""
        wanted = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        width = max(shutil.get_terminal_size((80, 24)).columns, NARROWEST)
        return cls(width=width, colour=wanted, encoding=stream.encoding or "ascii")


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
