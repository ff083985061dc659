"""Judges a safetensors header that does not describe its file."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

MALFORMED_HEADER: Final = Rule(
    id="safetensors-malformed-header",
    title="The header does not describe the file",
    severity=Severity.MEDIUM,
    why="A safetensors header says where each tensor lies. Gaps, overlaps or odd sizes mean that the file was not "
    "written by the library, or was changed afterwards.",
    fix="Ask the publisher for a file that the safetensors library wrote.",
    cwe=1284,
)
_SHOWN: Final = 8


class SafetensorsScanner(Scanner):
    """Tensors by their header; no code can hide in the format itself."""

    name: ClassVar[str] = "safetensors"
    formats: ClassVar[frozenset[str]] = frozenset({"safetensors"})
    rules: ClassVar[tuple[Rule, ...]] = (MALFORMED_HEADER,)

    def sees(self, part: Part) -> bool:
        return part.format in self.formats and part.tensors is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.tensors is None or not part.tensors.anomalies:
            return ()
        found = part.tensors.anomalies
        return (
            Finding(
                rule=MALFORMED_HEADER,
                confidence=Confidence.HIGH,
                location=Location(artifact=artifact.path, member=part.member),
                message=f"The header of this file is wrong in {len(found):,} place{'s' if len(found) > 1 else ''}.",
                evidence=tuple(plain(text, limits.EVIDENCE) for text in found[:_SHOWN]),
            ),
        )
