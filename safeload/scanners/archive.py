"""Judges what is odd about a ZIP archive, beside what its members hold."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.identity import CARRIERS
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

DUPLICATE: Final = Rule(
    id="archive-duplicate-member",
    title="Two members of the archive have the same name",
    severity=Severity.HIGH,
    why="Programs differ in which of the two they read. One that checks the file can see the harmless one while the "
    "loader reads the other.",
    fix="Do not load it. No library writes such archives.",
    cwe=694,
)
AMBIGUOUS: Final = Rule(
    id="archive-ambiguous",
    title="Programs would read this archive differently",
    severity=Severity.HIGH,
    why="The archive contradicts itself: its directory says one thing, the place it points to another. One program "
    "checks one reading, another loads the other.",
    fix="Do not load it. Ask the publisher for a file that torch.save wrote.",
    cwe=436,
)
OUTSIDE: Final = Rule(
    id="archive-path-outside",
    title="Unpacking the archive writes or reads outside its folder",
    severity=Severity.HIGH,
    why="A member has a name or a link that leads out of the folder the archive is unpacked into, or is a device. "
    "Unpacking it can overwrite or read other files.",
    fix="Do not load or unpack it.",
    cwe=22,
)
UNUSUAL: Final = Rule(
    id="archive-unusual",
    title="The archive was not made by the usual library",
    severity=Severity.MEDIUM,
    why="Checkpoints are plain archives that one library writes in one way. This one differs from that.",
    fix="Load it only if you know how it was made.",
    cwe=436,
)

# Codes of `ArchiveFacts.anomalies`: the rule, and the rest of the sentence "In this archive ...".
_CODES: Final = {
    "duplicate-member": (DUPLICATE, "two members have the same name"),
    "case-variant": (DUPLICATE, "two members have names that differ in upper and lower case only, which torch ignores"),
    "several-data-pkl": (AMBIGUOUS, "there is more than one data.pkl"),
    "local-name-differs": (AMBIGUOUS, "a member bears another name in its own header than in the directory"),
    "local-method-differs": (AMBIGUOUS, "a member's own header and the directory differ about how it is packed"),
    "local-sizes-differ": (AMBIGUOUS, "a member's own header and the directory differ about its size or checksum"),
    "encrypted-locally": (AMBIGUOUS, "a member is marked as encrypted in its own header only, which torch ignores"),
    "crc-differs": (AMBIGUOUS, "a member does not match its checksum, which torch ignores"),
    "overlapping-members": (AMBIGUOUS, "members overlap"),
    "prefix-data": (AMBIGUOUS, "there is something before the first member"),
    "several-end-records": (AMBIGUOUS, "there is more than one end"),
    "data-behind-the-end": (AMBIGUOUS, "there is something behind the end"),
    "path-outside": (OUTSIDE, "a member's name leads out of the folder"),
    "link-outside": (OUTSIDE, "a link leads out of the folder"),
    "device-member": (OUTSIDE, "a member is a device"),
    "link-member": (AMBIGUOUS, "a member is a link"),
    "pipe-member": (AMBIGUOUS, "a member is a pipe"),
    "size-without-data": (AMBIGUOUS, "a member that is no file has a size, which programs read differently"),
    "name-for-all-members": (AMBIGUOUS, "one header names all members"),
    "unknown-member-type": (AMBIGUOUS, "a member is of a kind that programs read differently"),
    "directory-displaced": (AMBIGUOUS, "the directory is not where the end says"),
}
_SHOWN: Final = 8  # details of one code


class ArchiveScanner(Scanner):
    """One finding a code of anomaly, with the members it is about as evidence."""

    name: ClassVar[str] = "archive"
    formats: ClassVar[frozenset[str]] = frozenset({"zip", "torch-zip", "npz", "tar", "torch-tar"})
    rules: ClassVar[tuple[Rule, ...]] = (DUPLICATE, AMBIGUOUS, OUTSIDE, UNUSUAL)

    def sees(self, part: Part) -> bool:
        return part.archive is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.archive is None:
            return ()
        by_code: dict[str, list[str]] = {}
        for anomaly in part.archive.anomalies:
            code, _, detail = anomaly.partition(":")
            if code == "encrypted-member":
                continue  # the gap says it
            if code == "prefix-data" and part.format == "zip" and CARRIERS & set(part.also):
                continue  # what is in front of it is a part of its own
            by_code.setdefault(code.strip(), []).append(plain(detail.strip() or code, limits.EVIDENCE))
        place = Location(artifact=artifact.path, member=part.member)
        return tuple(_finding(code, details, place) for code, details in by_code.items())


def _finding(code: str, details: list[str], place: Location) -> Finding:
    rule, words = _CODES.get(code, (UNUSUAL, f"something is unusual: {plain(code, limits.EVIDENCE).replace('-', ' ')}"))
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=place,
        message=f"In this archive {words}.",
        evidence=tuple(dict.fromkeys(details))[:_SHOWN],
    )
