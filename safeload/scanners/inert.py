"""Files that come with a model, and that no loader runs: recognised, so that nobody is asked about them."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.parsers import inert
from safeload.parsers.models import tables
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

PICKLED: Final = Rule(
    id="arrow-pickled-type",
    title="The table holds a pickle in the type of a column",
    severity=Severity.HIGH,
    why="pyarrow before 14.0.1 unpickled such a type when the file was opened (CVE-2023-47248), later versions do when "
    "they are told to. A pickle runs code when it is loaded, and this one was not looked at.",
    fix="Do not open it. Ask the publisher for a table with Arrow's own types.",
    cwe=502,
)


class InertScanner(Scanner):
    """Nothing is judged but the one thing in tables that runs."""

    name: ClassVar[str] = "inert"
    formats: ClassVar[frozenset[str]] = inert.FORMATS | {"parquet", "arrow", "sentencepiece"}
    rules: ClassVar[tuple[Rule, ...]] = (PICKLED,)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == tables.PICKLED:
        return PICKLED, "The type of a column is a pickle, which pyarrow loads."
    return None
