"""The audit log as text, or as one JSON object a line."""

from __future__ import annotations

import dataclasses

from safeload.lean import TYPE_CHECKING, Any
from safeload.report import json, words

if TYPE_CHECKING:
    from safeload.auditlog import Entry, Verification

_SHORT = 12  # characters of a revision in a line for people
_LIMIT = 200  # characters of one field in a line for people


def entry_json(entry: Entry) -> str:
    """All that the log holds about it."""
    return json.line({"schema": "safeload.log/1", **dataclasses.asdict(entry)})


def entry_text(entry: Entry) -> str:
    """`12  2026-11-20 15:02:11  approved  org/name@19c04de5f1a7  by person user@host: read its source`."""
    fields = entry.fields
    parts = [str(entry.n), entry.at[:19].replace("T", " "), entry.event]
    origin, at, revision = _said(fields.get("origin")).rpartition("@")
    parts.append(f"{origin}{at}{revision[:_SHORT]}" if origin else revision)
    parts.append(_said(fields.get("asked_for")) or _said(fields.get("message")))
    who = " ".join(filter(None, (_said(fields.get("decider")), _said(fields.get("who")))))
    note = _said(fields.get("note"))
    parts.append(f"by {who}" + (f": {note}" if note else "") if who else note)
    if entry.recovered:
        parts.append("(after a crash)")
    return "  ".join(words.plain(part, _LIMIT) for part in parts if part)


def _said(value: Any) -> str:
    return "" if value is None else str(value)


def verification_json(found: Verification) -> str:
    return json.line({"schema": "safeload.log-verification/1", **dataclasses.asdict(found)}) + "\n"


def verification_text(found: Verification) -> str:
    """Whether it is whole, and the head to keep elsewhere."""
    said = "The audit log is whole" if found.ok else "The audit log is damaged"
    lines = [f"{said}: {words.count(found.count, 'entry', 'entries')}.", f"Head: {found.head}"]
    lines += [f"  damage: {words.plain(problem)}" for problem in found.problems]
    lines += [f"  note: {words.plain(note)}" for note in found.notes]
    return "\n".join(lines) + "\n"
