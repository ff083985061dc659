"""Judges numpy's own files: what stands behind the last array."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

TRAILING: Final = Rule(
    id="array-trailing-data",
    title="Something follows the array",
    severity=Severity.MEDIUM,
    why="numpy stops reading where the array ends. What comes behind was put there by something else, and another "
    "program may read it.",
    fix="Load the array and save it again with numpy.save.",
    cwe=1284,
)


class NpyScanner(Scanner):
    """Arrays of numbers, which run nothing. Arrays of objects are pickles, and judged as such beside this."""

    name: ClassVar[str] = "npy"
    formats: ClassVar[frozenset[str]] = frozenset({"npy"})
    rules: ClassVar[tuple[Rule, ...]] = (TRAILING,)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.tensors is None or not part.tensors.anomalies:
            return ()
        return (
            Finding(
                rule=TRAILING,
                confidence=Confidence.HIGH,
                location=Location(artifact=artifact.path, member=part.member),
                message="Something follows the last array of this file, which numpy does not read.",
                evidence=tuple(plain(text, limits.EVIDENCE) for text in part.tensors.anomalies),
            ),
        )
