"""Lines of a given width: words wrapped, columns side by side, colour where it is wanted."""

from __future__ import annotations

import unicodedata

from safeload.lean import Final, Iterator, Sequence

# https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters
_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
_GAP: Final = 2  # columns between two cells of a row


class Text:
    """Pieces of plain text, each with a style (`bold green`) or none."""

    def __init__(self, said: str = "", style: str = "") -> None:
        self.pieces: tuple[tuple[str, str], ...] = ((said, style),)

    def __add__(self, other: Text) -> Text:
        joined = Text()
        joined.pieces = (*self.pieces, *other.pieces)
        return joined

    @property
    def plain(self) -> str:
        return "".join(said for said, _ in self.pieces)

    def cut(self, start: int, end: int, *, colour: bool) -> str:
        """The characters from `start` to `end`, with their colours."""
        shown, at = [], 0
        for said, style in self.pieces:
            piece = said[max(start - at, 0) : max(end - at, 0)]
            at += len(said)
            codes = ";".join(_CODES[word] for word in style.split())
            shown.append(f"\x1b[{codes}m{piece}\x1b[0m" if colour and codes and piece else piece)
        return "".join(shown)


class Page:
    """What is written line by line, `width` columns wide."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self.width = width
        self.colour = colour
        self._lines: list[str] = []

    def blank(self) -> None:
        self._lines.append("")

    def line(self, text: Text, indent: int = 0, *, wrap: bool = True) -> None:
        """One paragraph; without `wrap` it stays one line, however long."""
        spans = _spans(text.plain, self.width - indent if wrap else len(text.plain) * 2 + 1)
        self._lines += [" " * indent + text.cut(start, end, colour=self.colour) for start, end in spans]

    def row(self, cells: Sequence[Text], *, first: int, indent: int) -> None:
        """Two cells beside each other: the first keeps its width, the other has the rest."""
        left, right = cells
        room = max(self.width - indent - first - _GAP, 1)
        lefts, rights = list(_spans(left.plain, first)), list(_spans(right.plain, room))
        for i in range(max(len(lefts), len(rights))):
            start, end = lefts[i] if i < len(lefts) else (0, 0)
            space = " " * (first + _GAP - _columns(left.plain[start:end]))
            other = right.cut(*rights[i], colour=self.colour) if i < len(rights) else ""
            self._lines.append(f"{' ' * indent}{left.cut(start, end, colour=self.colour)}{space}{other}")

    def done(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines) + "\n"


def _spans(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where each line of it starts and ends, without the spaces at its end."""
    at = 0
    for paragraph in text.split("\n"):
        breaks = [*_breaks(paragraph, max(width, 1)), len(paragraph)]
        start = 0
        for end in breaks:
            yield at + start, at + start + len(paragraph[start:end].rstrip())
            start = end
        at += len(paragraph) + 1


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where lines have to begin, after the first; a word that is longer than a line is divided."""
    if len(text) <= width and _columns(text) <= width:
        return
    used = 0
    for start, end in _words(text):
        needed = _columns(text[start:end].rstrip())
        if used + needed <= width:
            used += _columns(text[start:end])
        elif needed <= width:
            yield start
            used = _columns(text[start:end])
        else:
            if start:
                yield start
            used = 0
            for i in range(start, end):
                wide = _columns(text[i])
                if used + wide > width:
                    yield i
                    used = 0
                used += wide


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Words with the spaces behind them; those before the first are its own."""
    start = 0
    for i in range(1, len(text)):
        if text[i - 1].isspace() and not text[i].isspace() and text[start:i].strip():
            yield start, i
            start = i
    yield start, len(text)


def _columns(text: str) -> int:
    """How wide a terminal shows it."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
