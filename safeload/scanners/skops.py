"""Judges the objects that a skops file has made."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners import names
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown
from safeload.scanners.names import Standing
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

DANGEROUS: Final = Rule(
    id="skops-dangerous-name",
    title="The file has something dangerous made or called",
    severity=Severity.CRITICAL,
    # CVE-2025-54412, CVE-2025-54413: https://github.com/advisories/GHSA-m7f4-hrc6-fwg3
    why="skops makes the objects that its schema names. This name can run programs or code; versions of skops showed a "
    "person another name than the one that they then used.",
    fix="Do not load it.",
    cwe=502,
)
METHOD: Final = Rule(
    id="skops-method",
    title="The file reaches for a method by its name",
    severity=Severity.HIGH,
    why="A method node takes any attribute of an object that the file describes. Versions of skops could be led from "
    "there to any function. Estimators have no need of it.",
    fix="Do not load it, unless you know how it was made.",
    cwe=915,
)
UNKNOWN: Final = Rule(
    id="skops-unknown-name",
    title="The file uses something nobody has vouched for",
    severity=Severity.MEDIUM,
    why="Loading makes an object of this type, and runs its code. It is on no list.",
    fix="Approve it if it is your own class, or one of a library that you trust.",
    cwe=502,
)


class SkopsScanner(Scanner):
    """Every type by the lists of importable names."""

    name: ClassVar[str] = "skops"
    formats: ClassVar[frozenset[str]] = frozenset({"skops"})
    rules: ClassVar[tuple[Rule, ...]] = (DANGEROUS, METHOD, UNKNOWN)

    def sees(self, part: Part) -> bool:
        return any(mention.kind.startswith("skops-") for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == "skops-method":
        return METHOD, f"Loading takes the attribute {shown(mention.text)} of an object of the file."
    if mention.kind == "skops-odd":
        return UNKNOWN, "A node of the schema is not as skops writes it."
    if mention.kind != "skops-node":
        return None
    loader, module, name = mention.text.split(":", 2)
    dotted = shown(f"{module}.{name}")
    what = names.dangerous(module, name)
    if what is not None:
        return DANGEROUS, f"Loading uses {dotted}, which {what}."
    if loader in listed("skops_loaders") and _ordinary(loader, module, name):
        return None
    return UNKNOWN, f"Loading uses {dotted} ({shown(loader)}), which nobody has vouched for."


def _ordinary(loader: str, module: str, name: str) -> bool:
    """Is it harmless in the role that the loader gives it?"""
    if f"{module}.{name}" in listed("skops_types"):
        return True
    known = names.known(module, name)
    if known is None or known.standing is Standing.UNKNOWN:
        return False
    if known.standing is Standing.FREE:
        return True
    condition = known.condition
    if condition is None:
        return False
    if loader in ("TypeNode", "FunctionNode"):
        return condition.referenced
    if loader in ("ObjectNode", "SparseMatrixNode", "TreeNode", "LossNode", "QuantileForestNode"):
        return condition.constructed is not None or condition.called is not None
    return condition.called is not None
