"""Text that is valid UTF-8, told apart from JSON."""

from __future__ import annotations

import json

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Any, Iterator, replace
from safeload.parsers import jsonkinds
from safeload.parsers.facts import GapReason, Mention, Part, TextFacts
from safeload.parsers.programs import settings
from safeload.parsers.purposes import INDEX, TEMPLATE
from safeload.parsers.reader import Reader
from safeload.parsers.refused import Refused
from safeload.parsers.visit import Parts, Visit


class NotText(Malformed):
    """Only the start looked like text."""


def strict_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `object_pairs_hook`: two readers can differ about which of two equal keys counts."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return made


def read_part(reader: Reader, visit: Visit) -> Parts | None:
    """None when only the start looked like text. A chat template in JSON is a part of its own."""
    try:
        seen, value, mentions = _read(reader)
    except NotText:
        return None
    own = next((one.text for one in mentions if one.kind == jsonkinds.FORMAT), "json" if seen.json else "text")
    part = Part(member=visit.member, format=own, text=seen, mentions=mentions)
    try:
        part = replace(part, mentions=(*part.mentions, *settings.mentions(value, index=visit.purpose == INDEX)))
    except Refused as refused:
        part = replace(part, gap=refused.gap)
    held = value.get("chat_template") if isinstance(value, dict) else None
    inside = [
        one
        for name, template in _named(held)
        for one in visit.inside(Reader.of_bytes(template.encode("utf-8", "replace")), name, purpose=TEMPLATE)
    ]
    return (part, *inside)


def _named(held: Any) -> Iterator[tuple[str, str]]:
    """The templates of a tokenizer's or processor's configuration: one, or several with names."""
    if isinstance(held, str) and held:
        yield "chat_template", held
    items = held if isinstance(held, list) else []
    named = [(item.get("name"), item.get("template")) for item in items if isinstance(item, dict)]
    for name, template in [*named, *(held.items() if isinstance(held, dict) else ())]:
        if isinstance(template, str) and template:
            yield f"chat_template.{name}", template


def _read(reader: Reader) -> tuple[TextFacts, Any, tuple[Mention, ...]]:
    """The facts, and of JSON the value and what it names. Raises `Malformed` when it is no text, or too long."""
    if reader.size > limits.TEXT:
        raise Refused(f"a text of {reader.size} bytes", reason=GapReason.LIMIT)
    try:
        text = reader.read_at(0, reader.size).decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText("not valid UTF-8") from error
    if "\0" in text:
        raise NotText("text that holds a NUL character")
    is_json, anomalies, value = _json(text)
    lines = text.count("\n") + (not text.endswith("\n"))
    return TextFacts(json=is_json, lines=lines, anomalies=anomalies), value, jsonkinds.said(text, value)


def _json(text: str) -> tuple[bool, tuple[str, ...], Any]:
    """Whether all of it parses, and what about it two readers could see differently."""
    doubled: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) != len(items) and len(doubled) < 8:
            keys = [key for key, _ in items]
            doubled.append(next(ascii(key)[:80] for key in made if keys.count(key) > 1))
        return made

    # `json.loads` of bytes, with which Keras and skops read theirs, passes over a mark of byte order.
    text = text.removeprefix("\ufeff")
    if text.lstrip(" \t\r\n")[:1] not in tuple('{["-0123456789tfn'):
        return False, (), None
    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        return False, ("too-deep",), None
    except ValueError:
        return False, (), None
    return True, tuple(f"duplicate-key: {key}" for key in doubled), value
