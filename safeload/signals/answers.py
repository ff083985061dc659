"""What a source said, by type: an answer of another type is no answer."""

from __future__ import annotations

from datetime import datetime, timezone

from safeload.lean import TYPE_CHECKING, Any, Final, Mapping, Sequence
from safeload.scanners.escape import plain
from safeload.sources.interface import Artifact, OriginKind, Role

if TYPE_CHECKING:
    from safeload.signals.interface import Subject

_WORD: Final = 60  # characters of a name within a sentence
_LISTED: Final = 3  # things named within a sentence


def text(said: Mapping[str, Any], key: str) -> str | None:
    """A string that says something."""
    value = said.get(key)
    return value if isinstance(value, str) and value.strip() else None


def flag(said: Mapping[str, Any], key: str) -> bool | None:
    value = said.get(key)
    return value if isinstance(value, bool) else None


def number(said: Mapping[str, Any], key: str) -> int | None:
    value = said.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def table(said: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    value = said.get(key)
    return value if isinstance(value, Mapping) else None


def items(said: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...] | None:
    """The tables in a list; what is no table is left out."""
    value = said.get(key)
    if not isinstance(value, (list, tuple)):
        return None
    return tuple(item for item in value if isinstance(item, Mapping))


def moment(value: Any) -> datetime | None:
    """ISO 8601, with a time zone or in UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def why(subject: Subject, *keys: str) -> str:
    """Why the source did not answer, as far as that is known."""
    return next((plain(str(subject.about.unanswered[key]), 120) for key in keys if key in subject.about.unanswered), "")


def is_local(subject: Subject) -> bool:
    return subject.report.snapshot.origin.kind is OriginKind.LOCAL


def opened(subject: Subject) -> tuple[Artifact, ...]:
    """The artifacts that the load opens."""
    return tuple(a for a in subject.report.snapshot.artifacts if a.role is not Role.BESIDE)


def elsewhere(subject: Subject) -> tuple[str, ...]:
    """Other repositories of which the load opens files: what is known of this one does not hold for them."""
    return tuple(sorted({a.origin.name for a in opened(subject) if a.origin is not None}))


def but_elsewhere(subject: Subject) -> str:
    """A half sentence about those, to be put behind a sentence that would otherwise say too much."""
    others = elsewhere(subject)
    return f"; the load also opens files of {named(others)}, of which that says nothing" if others else ""


def word(value: str) -> str:
    """Something that a source wrote, short enough for the middle of a sentence."""
    return plain(value, _WORD)


def named(things: Sequence[str]) -> str:
    """The first few of a list, and how many more."""
    shown = ", ".join(word(thing) for thing in things[:_LISTED])
    more = len(things) - _LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def count(n: int, noun: str, plural: str = "") -> str:
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def ago(days: int) -> str:
    """A number of days as people say it."""
    if days < 1:
        return "today"
    if days < 60:
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{days // 30} months ago" if days < 730 else f"{days // 365} years ago"
