"""Judges machine code: programs and libraries for a processor."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

NATIVE: Final = Rule(
    id="native-code",
    title="The file is a program",
    severity=Severity.HIGH,
    why="This is machine code: whoever starts or loads it runs whatever its author wrote, with all rights. No check of "
    "a file can say what it does. Models have no need of it, unless somebody packed the runtime with the weights.",
    fix="Use the weights by themselves, with a runtime that you installed.",
    cwe=829,
)


class NativeScanner(Scanner):
    """Executables and libraries; an archive inside one is read as well."""

    name: ClassVar[str] = "native"
    formats: ClassVar[frozenset[str]] = frozenset({"native"})
    rules: ClassVar[tuple[Rule, ...]] = (NATIVE,)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    return (NATIVE, f"The file is {shown(mention.text)}.") if mention.kind == "native-code" else None
