"""Hostile text made plain: one line or a few, short, without control or bidirectional characters."""

from __future__ import annotations

from safeload.lean import Final

__all__ = ["plain"]

# Cc control, Cf format (bidirectional overrides, zero-width), Cs surrogates, Co private use, Cn unassigned, Zl Zp line
# and paragraph separators: each can change what a person sees without being seen itself.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ELLIPSIS: Final = "…"
_COMBINING_RUN: Final = 4  # marks on one letter; more is text that climbs over its neighbours


def plain(text: str, limit: int, *, lines: bool = False) -> str:
    r"""`text` with every character that is not plainly visible written as an escape, at most `limit` characters long.

    `lines` keeps line feeds and turns tabs into four spaces, for text of several lines. A backslash stays as it is: the
    result is for reading, not for parsing.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text  # nearly every name there is
    import unicodedata

    # Bounded first: escaping grows a character to at most ten.
    cut = len(text) > limit
    pieces: list[str] = []
    length = marks = 0
    for character in text[:limit]:
        marks = marks + 1 if unicodedata.combining(character) else 0
        piece = _piece(character, marks, lines=lines)
        if length + len(piece) > limit:
            cut = True
            break
        pieces.append(piece)
        length += len(piece)
    if not cut:
        return "".join(pieces)
    while pieces and length + len(_ELLIPSIS) > limit:
        length -= len(pieces.pop())
    return "".join(pieces) + _ELLIPSIS


def _piece(character: str, marks: int, *, lines: bool) -> str:
    if lines and character == "\n":
        return character
    if lines and character == "\t":
        return "    "
    import unicodedata

    if marks > _COMBINING_RUN or unicodedata.category(character) in _HIDDEN:
        return _escaped(ord(character))
    return character


def _escaped(code: int) -> str:
    if code < 0x100:
        return {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
