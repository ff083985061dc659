"""Judges files that a joblib file of the old form names."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

SIDECAR: Final = Rule(
    id="joblib-other-file",
    title="Loading it opens other files, by names that stand in it",
    severity=Severity.MEDIUM,
    why="joblib before 0.10 put arrays into files of their own, and opens them by name. They can hold pickles.",
    fix="Scan those files too, or load and save it again with a current joblib.",
    cwe=610,
)
OUTSIDE: Final = Rule(
    id="joblib-file-elsewhere",
    title="Loading it opens a file in another folder",
    severity=Severity.HIGH,
    why="joblib looks for the arrays of such a file beside it. A name that leads elsewhere reads what the file's maker "
    "chose on your machine.",
    fix="Do not load it.",
    cwe=22,
)
_SHOWN: Final = 8


class JoblibScanner(Scanner):
    """The names of other files; the pickle itself is judged as any other."""

    name: ClassVar[str] = "joblib"
    formats: ClassVar[frozenset[str]] = frozenset({"joblib"})
    rules: ClassVar[tuple[Rule, ...]] = (SIDECAR, OUTSIDE)

    def sees(self, part: Part) -> bool:
        return any(mention.kind == "sidecar" for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        named = [mention.text for mention in part.mentions if mention.kind == "sidecar"]
        away = [name for name in named if "/" in name or "\\" in name or name.startswith("..") or "\0" in name]
        near = [name for name in named if name not in away]
        place = Location(artifact=artifact.path, member=part.member)
        found = []
        for rule, names in ((OUTSIDE, away), (SIDECAR, near)):
            if names:
                shown = tuple(plain(name, limits.EVIDENCE) for name in names[:_SHOWN])
                message = f"Loading it opens {shown[0]}{' and other files' if len(names) > 1 else ''}."
                found.append(
                    Finding(rule=rule, confidence=Confidence.HIGH, location=place, message=message, evidence=shown)
                )
        return tuple(found)
