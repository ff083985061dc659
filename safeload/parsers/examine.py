"""One artifact's bytes as parts: the artifact itself, then its members. Bad bytes give gaps, never exceptions."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Mapping, replace
from safeload.parsers import formats
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.plan import RESCUE
from safeload.parsers.registry import READERS
from safeload.parsers.visit import Parts, Read, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_NO_OTHERS: Mapping[str, Read] = {}


def examine(reader: Reader, *, purpose: str = "", others: Mapping[str, Read] = _NO_OTHERS) -> Parts:
    """Every reading that a loader could make. The first part is the artifact, read as its likeliest format.

    `purpose` is what a text is for. `others` are readers of `parsers.external` that this process has.
    """
    readers = {**READERS, **others} if others else READERS
    if purpose == RESCUE and RESCUE in others:
        return _read(reader, Visit(examine=lambda data, visit: (), kind=RESCUE), readers) or ()
    return _within(reader, Visit(examine=lambda data, visit: _within(data, visit, readers), purpose=purpose), readers)


def _within(reader: Reader, visit: Visit, readers: Mapping[str, Read]) -> Parts:
    """Every reading of an artifact or a member, and of what is in it."""
    try:
        kinds = formats.identify(reader)
    except Malformed as error:
        return (Part(member=visit.member, format="unknown", gap=gap_of(error)),)
    if kinds == ("empty",):
        return (Part(member=visit.member, format="empty", gap=Gap(reason=GapReason.EMPTY, detail="no bytes")),)
    meant = visit.purpose if visit.purpose in readers else "text"
    kinds = tuple(meant if kind == "text" else kind for kind in kinds)
    readings = [found for kind in kinds for found in [_read(reader, visit.of(kind), readers)] if found]
    named = tuple([parts[0].format for parts in readings])
    if "pickle" in named:
        readings = [parts for parts in readings if parts[0].text is None]  # a pickle of protocol 0 is text as well
    if not readings:
        return (_unknown(visit.of(kinds[0])),)
    return _joined(readings, named)


def _joined(readings: list[Parts], named: tuple[str, ...]) -> Parts:
    """A polyglot has one part of its own for each reading; the first names the others."""
    if len(named) == 1 and not readings[0][0].also and readings[0][0].format == named[0]:
        return readings[0]
    joined: list[Part] = []
    for parts in readings:
        format = parts[0].format
        also = tuple(dict.fromkeys(name for name in (*parts[0].also, *named) if name != format))
        joined += [replace(parts[0], also=also), *parts[1:]]
    return tuple(joined)


def _read(reader: Reader, visit: Visit, readers: Mapping[str, Read]) -> Parts | None:
    read = readers.get(visit.kind)
    try:
        return read(reader, visit) if read is not None else (_unknown(visit),)
    except Malformed as error:
        return (Part(member=visit.member, format=visit.kind, gap=gap_of(error)),)


def _unknown(visit: Visit) -> Part:
    named = visit.kind not in ("unknown", "pickle-like", "text", visit.purpose)
    what = f"{visit.kind} is not read in this version" if named else "no format that is known"
    gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail=what)
    return Part(member=visit.member, format=visit.kind if named else "unknown", gap=gap)
