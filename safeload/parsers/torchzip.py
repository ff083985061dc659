"""The members of a ZIP that torch, or anything else, would read as pickles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers import formats, pickle, text, zip
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Part
from safeload.parsers.ledger import Refused
from safeload.parsers.reader import Reader

_HEAD: Final = 64
_REMOTE_LOOKS: Final = 16  # members outside torch's layout that are looked at over a network
# What torch.save writes beside data.pkl. torch reads these as raw bytes or short text, never as pickles.
_RAW: Final = re.compile(
    r"[^/]+/(data/\d+|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id)"
)


def read(reader: Reader, member: tuple[str, ...]) -> tuple[Part, ...]:
    """The archive first, then every member that holds pickles, text beside them, or could not be read."""
    try:
        found = zip.directory(reader)
    except Malformed as error:
        return (Part(member=member, format="zip", gap=gap_of(error)),)
    zip.check_names(found)
    kind = _kind(found)
    parts = list(_members(reader, found, member, torch=kind == "torch-zip"))
    facts = ArchiveFacts(members=len(found.entries), anomalies=tuple(found.anomalies))
    return (Part(member=member, format=kind, archive=facts, gap=_kind_gap(kind, found)), *parts)


def gap_of(error: Malformed) -> Gap:
    return error.gap if isinstance(error, Refused) else Gap(reason=GapReason.MALFORMED, detail=str(error))


def _kind(found: zip.Directory) -> str:
    names = [entry.name.casefold() for entry in found.entries]
    if not any(name.rpartition("/")[2] == "data.pkl" for name in names):
        return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"
    script = any(name.rpartition("/")[2] == "constants.pkl" or "/code/" in f"/{name}" for name in names)
    return "torchscript" if script else "torch-zip"


def _kind_gap(kind: str, found: zip.Directory) -> Gap | None:
    if any(note.startswith("encrypted-member") for note in found.anomalies):
        return Gap(reason=GapReason.ENCRYPTED, detail="a member is marked as encrypted")
    if not found.entries:
        return Gap(reason=GapReason.EMPTY, detail="an archive without members")
    if kind != "torch-zip":
        return Gap(reason=GapReason.UNKNOWN_FORMAT, detail=f"{kind} is recognised, but not read in this version")
    return None


def _members(reader: Reader, found: zip.Directory, above: tuple[str, ...], *, torch: bool) -> Iterator[Part]:
    looks = 0
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
            looks += 1
            if looks > _REMOTE_LOOKS:
                gap = Gap(reason=GapReason.LIMIT, detail="too many members to look at over a network")
                yield Part(member=(*above, entry.name), format="unknown", gap=gap)
                return
        part = _member(reader, found, entry, above, named=named, raw=raw)
        if part is not None:
            yield part


def _member(
    reader: Reader, found: zip.Directory, entry: zip.Entry, above: tuple[str, ...], *, named: bool, raw: bool
) -> Part | None:
    """One entry. None for raw data that no loader unpickles."""
    member = (*above, entry.name)
    try:
        if raw and entry.method == 0 and not formats.looks_like_pickle(_start(reader, found, entry)):
            return None
        data = zip.content(reader, found, entry)
        if named or formats.looks_like_pickle(data.upto(0, 3)):
            return _pickles(data, found, entry, member, raw=raw)
        if raw:
            return None
        return _other(data, member)
    except Malformed as error:
        return Part(member=member, format="unknown", gap=gap_of(error))


def _start(reader: Reader, found: zip.Directory, entry: zip.Entry) -> bytes:
    return reader.upto(zip.locate(reader, found, entry), min(_HEAD, entry.packed))


def _pickles(
    data: Reader, found: zip.Directory, entry: zip.Entry, member: tuple[str, ...], *, raw: bool
) -> Part | None:
    read = pickle.read(data, reading="torch")
    if raw and read.gap is not None and not read.facts.uses:
        return None  # numbers that happen to start like a pickle
    if data.size <= limits.INFLATED:
        zip.check_crc(found, entry, data)
    return Part(member=member, format="pickle", pickle=read.facts, gap=read.gap)


def _other(data: Reader, member: tuple[str, ...]) -> Part:
    """A member that is neither a pickle nor torch's own raw data."""
    kinds = formats.identify(data)
    if kinds == ("empty",):
        return Part(member=member, format="text", text=text.read(data))
    if "zip" in kinds:
        gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail="an archive within an archive is not read in this version")
        return Part(member=member, format="zip", also=kinds[1:], gap=gap)
    if "pickle-like" in kinds:
        ran = pickle.attempt(data)
        if ran is not None:
            also = _without(kinds, "pickle-like")
            return Part(member=member, format="pickle", also=also, pickle=ran.facts, gap=ran.gap)
    if "text" in kinds:
        try:
            seen = text.read(data)
        except text.NotText:
            kinds = _without(kinds, "text")
        else:
            return Part(member=member, format="json" if seen.json else "text", text=seen)
    gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail="a member of a format that is not read in this version")
    return Part(member=member, format=(kinds or ("unknown",))[0], also=kinds[1:], gap=gap)


def _without(kinds: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(kind for kind in kinds if kind != name)
