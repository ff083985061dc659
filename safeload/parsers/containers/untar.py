"""A tar by what it is for: torch's first format, or members of which each is read for itself."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, Iterator
from safeload.parsers.containers import tar
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Part
from safeload.parsers.models import mar
from safeload.parsers.pickles import torchtar
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_TORCH: Final = frozenset({"storages", "tensors", "pickle"})


def read(reader: Reader, visit: Visit) -> Parts:
    """The archive first, then its members. Links, devices and folders hold nothing; that they are there is said."""
    found = tar.directory(reader)
    tar.check(found)
    torch = {entry.name for entry in found.entries} >= _TORCH
    parts = tuple(_members(reader, found, visit, torch=torch))
    facts = ArchiveFacts(members=len(found.entries), anomalies=tuple(found.anomalies))
    gap = None if found.entries else Gap(reason=GapReason.EMPTY, detail="an archive without members")
    said = mar.code([entry.name for entry in found.entries])
    kind = "torch-tar" if torch else "tar"
    return (Part(member=visit.member, format=kind, archive=facts, mentions=said, gap=gap), *parts)


def _members(reader: Reader, found: tar.Directory, visit: Visit, *, torch: bool) -> Iterator[Part]:
    for entry in found.entries:
        if not entry.regular:
            continue
        if not reader.local:
            visit.budget.looks -= 1
            if visit.budget.looks < 0:
                gap = Gap(reason=GapReason.LIMIT, detail="too many members to look at over a network")
                yield Part(member=(*visit.member, entry.name), format="unknown", gap=gap)
                return
        member = (*visit.member, entry.name)
        try:
            data = tar.content(reader, entry)
            if torch and entry.name in _TORCH:
                yield torchtar.read(data, entry.name, member)
            else:
                yield from visit.inside(data, entry.name)
        except Malformed as error:
            yield Part(member=member, format="unknown", gap=gap_of(error))
