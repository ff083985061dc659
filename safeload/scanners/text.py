"""Text that a load reads as text: nothing in it runs."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar
from safeload.scanners.interface import Finding, Rule, Scanner

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact


class TextScanner(Scanner):
    """Inert text. Code and configuration are judged by their role, in `remote_code`."""

    name: ClassVar[str] = "text"
    formats: ClassVar[frozenset[str]] = frozenset({"text", "json"})
    rules: ClassVar[tuple[Rule, ...]] = ()

    def sees(self, part: Part) -> bool:
        return part.text is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return ()
