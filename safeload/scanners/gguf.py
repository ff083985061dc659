"""Judges GGUF files that do not describe themselves rightly; their chat templates are judged as templates."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

OUTSIDE: Final = Rule(
    id="gguf-overruns",
    title="The GGUF file sends its reader outside of the data",
    severity=Severity.HIGH,
    why="Sizes and places in the header that do not fit the file are how readers written in C were overrun "
    "(CVE-2024-21836, CVE-2024-23496).",
    fix="Do not load it. Ask the publisher for a file that the usual tools wrote.",
    cwe=787,
)
AMBIGUOUS: Final = Rule(
    id="gguf-ambiguous",
    title="Programs would read this GGUF file differently",
    severity=Severity.HIGH,
    why="A key or tensor that stands twice, or tensors that share bytes: one program checks one reading, another "
    "loads the other.",
    fix="Do not load it. No tool writes such files.",
    cwe=436,
)
UNUSUAL: Final = Rule(
    id="gguf-unusual",
    title="The GGUF file was not made by the usual tools",
    severity=Severity.MEDIUM,
    why="Bytes that no tensor accounts for, or types that are not known, can hold anything.",
    fix="Load it only if you know how it was made.",
    cwe=1284,
)
_CODES: Final = {
    "outside-the-file": (OUTSIDE, "a tensor reaches beyond the end"),
    "size-overflows": (OUTSIDE, "a tensor has more elements than a number can hold"),
    "duplicate-key": (AMBIGUOUS, "a key of the metadata stands twice"),
    "duplicate-tensor": (AMBIGUOUS, "two tensors have the same name"),
    "overlap": (AMBIGUOUS, "tensors overlap"),
    "misaligned": (UNUSUAL, "a tensor does not begin where tensors do"),
    "odd-alignment": (UNUSUAL, "the alignment is no power of two"),
    "partial-block": (UNUSUAL, "a tensor does not fill its blocks"),
    "unknown-type": (UNUSUAL, "a tensor has a type that is not known"),
    "hole": (UNUSUAL, "there are bytes between tensors that belong to none"),
    "data-behind-the-end": (UNUSUAL, "there is something behind the last tensor"),
    "template-is-no-text": (UNUSUAL, "the chat template is no text"),
}
_SHOWN: Final = 8


class GgufScanner(Scanner):
    """One finding a code, with what it is about as evidence."""

    name: ClassVar[str] = "gguf"
    formats: ClassVar[frozenset[str]] = frozenset({"gguf"})
    rules: ClassVar[tuple[Rule, ...]] = (OUTSIDE, AMBIGUOUS, UNUSUAL)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        by_code: dict[str, list[str]] = {}
        for mention in part.mentions:
            by_code.setdefault(mention.text, []).append(plain(mention.where, limits.EVIDENCE))
        place = Location(artifact=artifact.path, member=part.member)
        return tuple(_finding(code, about, place) for code, about in by_code.items())


def _finding(code: str, about: list[str], place: Location) -> Finding:
    rule, words = _CODES.get(code, (UNUSUAL, f"something is unusual: {plain(code, limits.EVIDENCE)}"))
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=place,
        message=f"In this GGUF file {words}.",
        evidence=tuple(dict.fromkeys(about))[:_SHOWN],
    )
