"""Text that is valid UTF-8, told apart from JSON."""

from __future__ import annotations

import codecs
import json
from typing import Any

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers.facts import GapReason, Part, TextFacts
from safeload.parsers.ledger import Refused
from safeload.parsers.reader import Reader
from safeload.parsers.visit import Parts, Visit


class NotText(Malformed):
    """Only the start looked like text."""


def strict_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `object_pairs_hook`: two readers can differ about which of two equal keys counts."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return made


def looks_right(head: bytes) -> bool:
    """Could the bytes be the start of a UTF-8 text?"""
    if not head or b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def read_part(reader: Reader, visit: Visit) -> Parts | None:
    """None when only the start looked like text."""
    try:
        seen = read(reader)
    except NotText:
        return None
    return (Part(member=visit.member, format="json" if seen.json else "text", text=seen),)


def read(reader: Reader) -> TextFacts:
    """Raises `Malformed` when it is not text after all, or longer than is read."""
    if reader.size > limits.TEXT:
        raise Refused(f"a text of {reader.size} bytes", reason=GapReason.LIMIT)
    try:
        text = reader.read_at(0, reader.size).decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText("not valid UTF-8") from error
    if "\0" in text:
        raise NotText("text that holds a NUL character")
    is_json, anomalies = _json(text)
    return TextFacts(json=is_json, lines=text.count("\n") + (not text.endswith("\n")), anomalies=anomalies)


def _json(text: str) -> tuple[bool, tuple[str, ...]]:
    """Whether all of it parses, and what about it two readers could see differently."""
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items) and len(doubled) < 8:
            keys = [key for key, _ in items]
            doubled.append(next(ascii(key)[:80] for key in made if keys.count(key) > 1))
        return made

    if text.lstrip(" \t\r\n")[:1] not in tuple('{["-0123456789tfn'):
        return False, ()
    try:
        json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        return False, ("too-deep",)
    except ValueError:
        return False, ()
    return True, tuple(f"duplicate-key: {key}" for key in doubled)
