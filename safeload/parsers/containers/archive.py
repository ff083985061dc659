"""A ZIP by what it is for: its members, each read as whoever opens such an archive reads it."""

from __future__ import annotations

import re

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Callable, Final, Iterator, Sequence, pattern, record, replace
from safeload.parsers import formats
from safeload.parsers.containers import zip, zipcheck
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Mention, Part, TextFacts
from safeload.parsers.models import mar
from safeload.parsers.pickles import pickle, records, trial
from safeload.parsers.pickles.shapes import STARTS
from safeload.parsers.purposes import PROGRAM, SCRIPT
from safeload.parsers.tiers import Later
from safeload.parsers.visit import Parts, Visit, gap_of

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_HEAD: Final = 64
_MOBILE: Final = "bytecode.pkl"
_mobile: Final = Later("safeload.parsers.programs.mobile", "read")
_outside: Final = Later("safeload.parsers.programs.torchscript", "outside")
_together: Final = Later("safeload.parsers.programs.torchscript", "together")
_HOUSE: Final = r"version|byteorder|\.format_version|\.storage_alignment|\.data/(?:serialization_id|version)"


@record(frozen=True, slots=True, kw_only=True)
class Kind:
    """One use of ZIP. `fits` tells by the members' names, case folded.

    `raw` are members that its library reads as bytes or short text, never as pickles; `purpose` is what a text in it is
    for where its name does not tell.
    """

    name: str
    fits: Callable[[Sequence[str]], bool]
    raw: re.Pattern[str] | None = None
    purpose: Callable[[str], str | None] = lambda name: None


def _raw(numbers: str) -> re.Pattern[str]:
    return pattern(rf"[^/]+/(?:{numbers}|{_HOUSE})")


def _ends(name: str) -> Callable[[Sequence[str]], bool]:
    return lambda names: any(f"/{one}".endswith(f"/{name}") for one in names)


def _script(names: Sequence[str]) -> bool:
    return _ends("constants.pkl")(names) or _ends(_MOBILE)(names) or any("/code/__torch__" in f"/{n}" for n in names)


def _source(name: str) -> str | None:
    return SCRIPT if "/code/" in f"/{name}" and name.endswith(".py") else None


def _exported(names: Sequence[str]) -> bool:
    return _ends("archive_format")(names) or _ends("serialized_exported_program.json")(names)


def _program(name: str) -> str | None:
    return PROGRAM if "/models/" in f"/{name}" or name.endswith("serialized_exported_program.json") else None


# The first that fits.
KINDS: Final = (
    Kind(name="torch-package", fits=_ends(".data/extern_modules"), raw=_raw(r"\.data/\d+\.storage")),
    Kind(name="pt2", fits=_exported, raw=_raw(r"data/(?:weights|constants)/\w+_\d+"), purpose=_program),
    Kind(
        name="torchscript",
        fits=_script,
        raw=_raw(r"(?:data|constants|traced_inputs)/\d+"),
        purpose=_source,
    ),
    Kind(name="torch-zip", fits=_ends("data.pkl"), raw=_raw(r"data/\d+")),
    Kind(name="npz", fits=lambda names: bool(names) and all(name.endswith(".npy") for name in names)),
    # What matters in these is JSON, which is read by what stands in it wherever it is.
    Kind(name="keras", fits=lambda names: {"config.json", "metadata.json"} <= set(names)),
    Kind(name="skops", fits=lambda names: "schema.json" in names),
    Kind(name="mar", fits=mar.served),
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
    parts = [_scripted(part) if kind.name == "torchscript" else part for part in _members(reader, found, visit, kind)]
    facts = ArchiveFacts(members=len(found.entries), anomalies=tuple(found.anomalies))
    said = (*_mentions(kind, found, parts), *mar.code([entry.name for entry in found.entries]))
    first = Part(member=visit.member, format=kind.name, archive=facts, mentions=said, gap=_gap(kind, found))
    return (first, *parts)


def _is_mobile(entry: zip.Entry) -> bool:
    return entry.name.casefold().endswith(_MOBILE)


def _program_of(part: Part, data: Reader) -> Part:
    """torch.jit.load passes over it; what runs it is an interpreter of its own."""
    try:
        return replace(part, mentions=_mobile(data))
    except Malformed as error:
        return replace(part, gap=part.gap or gap_of(error))


def _scripted(part: Part) -> Part:
    if part.pickle is None:
        return part
    facts, mentions = _outside(part.pickle)
    return replace(part, pickle=facts, mentions=(*part.mentions, *mentions))


def _mentions(kind: Kind, found: zip.Directory, parts: Sequence[Part]) -> tuple[Mention, ...]:
    """What the archive as a whole says, of which no member alone tells."""
    if kind.name == "torchscript":
        together: tuple[Mention, ...] = _together(parts)
        return together
    names = [entry.name for entry in found.entries]
    if kind.name == "pt2":
        native = [name for name in names if "/aotinductor/" in f"/{name}" or name.endswith((".so", ".dll", ".dylib"))]
        return tuple(Mention(kind="native-code", text=name) for name in native[: limits.REASONS])
    if kind.name == "torch-package":
        return tuple(Mention(kind="package-code", text=name) for name in names if name.endswith(".py"))
    return ()


def _gap(kind: Kind, found: zip.Directory) -> Gap | None:
    if any(note.startswith("encrypted-member") for note in found.anomalies):
        return Gap(reason=GapReason.ENCRYPTED, detail="a member is marked as encrypted")
    if not found.entries:
        return Gap(reason=GapReason.EMPTY, detail="an archive without members")
    return None


def _members(reader: Reader, found: zip.Directory, visit: Visit, kind: Kind) -> Iterator[Part]:
    for entry in found.entries:
        if entry.name.endswith("/") and entry.size == 0:
            continue
        raw = kind.raw is not None and kind.raw.fullmatch(entry.name) is not None
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
            if raw:
                yield from _numbers(reader, found, entry, visit)
            else:
                yield from _member(reader, found, entry, visit, kind)
        except Malformed as error:
            gap = Gap(reason=GapReason.ENCRYPTED, detail="it is encrypted") if entry.encrypted else gap_of(error)
            yield Part(member=(*visit.member, entry.name), format="unknown", gap=gap)


def _numbers(reader: Reader, found: zip.Directory, entry: zip.Entry, visit: Visit) -> Iterator[Part]:
    """Raw data. Nothing, unless it could be a pickle: `torch.load(pickle_file=...)` unpickles any member."""
    data = zip.content(reader, found, entry, visit.budget.inflate)
    start = data.upto(0, _HEAD)
    if start.startswith(zip.LOCAL):
        yield from visit.inside(data, entry.name)
    elif start and start[0] in STARTS:
        ran = trial.acts(data)
        if ran is not None:
            yield Part(member=(*visit.member, entry.name), format="pickle", pickle=ran.facts, gap=ran.gap)


def _member(reader: Reader, found: zip.Directory, entry: zip.Entry, visit: Visit, kind: Kind) -> Iterator[Part]:
    """One entry. Raises `Malformed`."""
    data = zip.content(reader, found, entry, visit.budget.inflate)
    member = (*visit.member, entry.name)
    pickled = entry.name.casefold().endswith(".pkl") or formats.looks_like_pickle(data.upto(0, 3))
    if data.size <= limits.INFLATED if pickled else reader.local and data.size <= limits.SMALL_FILE:
        zipcheck.check_crc(found, entry, data)
    if pickled:
        read = pickle.read(data, reading="torch")
        gap, facts = read.gap, read.facts
        if entry.name.endswith("data.pkl"):
            gap = gap or records.gap(read.storages, entry.name, found)
            beside = records.finder(
                entry.name, found, lambda one: zip.content(reader, found, one, visit.budget.inflate)
            )
            facts = facts if gap else records.settled(facts, data, beside)
        part = Part(member=member, format="pickle", pickle=facts, gap=gap)
        yield _program_of(part, data) if kind.name == "torchscript" and _is_mobile(entry) else part
    elif not data.size:
        yield Part(member=member, format="text", text=TextFacts())
    else:
        yield from visit.inside(data, entry.name, purpose=kind.purpose(entry.name))
