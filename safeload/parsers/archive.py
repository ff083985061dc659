"""A ZIP by what it is for: its members, each read as whoever opens such an archive reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers import formats, pickle, zip, zipcheck
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Part, TextFacts
from safeload.parsers.reader import Reader
from safeload.parsers.visit import Parts, Visit, gap_of

_HEAD: Final = 64
# What torch.save writes beside data.pkl. torch reads these as raw bytes or short text, never as pickles.
_RAW: Final = re.compile(
    r"[^/]+/(data/\d+|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One use of ZIP. `fits` tells by the members' names, case folded; `read` whether all that matters is read."""

    name: str
    fits: Callable[[Sequence[str]], bool]
    read: bool = True


def _ends(name: str) -> Callable[[Sequence[str]], bool]:
    return lambda names: any(f"/{one}".endswith(f"/{name}") for one in names)


def _script(names: Sequence[str]) -> bool:
    return _ends("data.pkl")(names) and any(f"/{n}".endswith("/constants.pkl") or "/code/" in f"/{n}" for n in names)


# The first that fits.
KINDS: Final = (
    Kind(name="torchscript", fits=_script, read=False),
    Kind(name="torch-zip", fits=_ends("data.pkl")),
    Kind(name="npz", fits=lambda names: bool(names) and all(name.endswith(".npy") for name in names)),
    Kind(name="zip", fits=lambda names: True),
)


def read(reader: Reader, visit: Visit) -> Parts:
    """The archive first, then every member that holds pickles, text beside them, or could not be read."""
    try:
        found = zip.directory(reader)
    except Malformed as error:
        return (Part(member=visit.member, format="zip", gap=gap_of(error)),)
    zipcheck.check_names(found)
    names = [entry.name.casefold() for entry in found.entries]
    kind = next(kind for kind in KINDS if kind.fits(names))
    parts = list(_members(reader, found, visit, torch=kind.name == "torch-zip"))
    facts = ArchiveFacts(members=len(found.entries), anomalies=tuple(found.anomalies))
    return (Part(member=visit.member, format=kind.name, archive=facts, gap=_gap(kind, found)), *parts)


def _gap(kind: Kind, found: zip.Directory) -> Gap | None:
    if any(note.startswith("encrypted-member") for note in found.anomalies):
        return Gap(reason=GapReason.ENCRYPTED, detail="a member is marked as encrypted")
    if not found.entries:
        return Gap(reason=GapReason.EMPTY, detail="an archive without members")
    if not kind.read:
        return Gap(reason=GapReason.UNKNOWN_FORMAT, detail=f"{kind.name} is recognised, but not read in this version")
    return None


def _members(reader: Reader, found: zip.Directory, visit: Visit, *, torch: bool) -> Iterator[Part]:
    for entry in found.entries:
        if entry.name.endswith("/") and entry.size == 0:
            continue
        raw = torch and _RAW.fullmatch(entry.name) is not None
        named = entry.name.casefold().endswith(".pkl")
        if not reader.local and not named:
            # Over a network every look is a request. torch unpickles data.pkl alone, so its raw members can wait for
            # the local scan that every grant needs; a member outside its layout is looked at.
            if raw:
                continue
            visit.budget.looks -= 1
            if visit.budget.looks < 0:
                gap = Gap(reason=GapReason.LIMIT, detail="too many members to look at over a network")
                yield Part(member=(*visit.member, entry.name), format="unknown", gap=gap)
                return
        try:
            yield from _member(reader, found, entry, visit, named=named, raw=raw)
        except Malformed as error:
            yield Part(member=(*visit.member, entry.name), format="unknown", gap=gap_of(error))


def _member(
    reader: Reader, found: zip.Directory, entry: zip.Entry, visit: Visit, *, named: bool, raw: bool
) -> Iterator[Part]:
    """One entry. Nothing for raw data that no loader unpickles. Raises `Malformed`."""
    if raw and entry.method == 0 and not formats.looks_like_pickle(_start(reader, found, entry)):
        return
    data = zip.content(reader, found, entry, visit.budget.inflate)
    member = (*visit.member, entry.name)
    if named or formats.looks_like_pickle(data.upto(0, 3)):
        part = _pickles(data, found, entry, member, raw=raw)
        yield from () if part is None else (part,)
    elif not data.size:
        yield Part(member=member, format="text", text=TextFacts())
    elif not raw:
        yield from visit.inside(data, entry.name)


def _start(reader: Reader, found: zip.Directory, entry: zip.Entry) -> bytes:
    return reader.upto(zip.locate(reader, found, entry), min(_HEAD, entry.packed))


def _pickles(
    data: Reader, found: zip.Directory, entry: zip.Entry, member: tuple[str, ...], *, raw: bool
) -> Part | None:
    read = pickle.read(data, reading="torch")
    if raw and read.gap is not None and not read.facts.uses:
        return None  # numbers that happen to start like a pickle
    if data.size <= limits.INFLATED:
        zipcheck.check_crc(found, entry, data)
    return Part(member=member, format="pickle", pickle=read.facts, gap=read.gap)
