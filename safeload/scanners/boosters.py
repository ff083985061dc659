"""Judges models of XGBoost, LightGBM and CatBoost: no code is in them, only numbers that are followed."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners import mentioned
from safeload.scanners.interface import Finding, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

OVERRUN: Final = Rule(
    id="booster-overruns",
    title="A tree of the model leads outside of it",
    severity=Severity.HIGH,
    why="The library follows children and features by number, without looking. A number beyond the end reads memory "
    "that is something else's, and a node that is its own ancestor never ends.",
    fix="Do not load it. No library writes such a model.",
    cwe=125,
)
BROKEN: Final = Rule(
    id="booster-broken-tree",
    title="A tree of the model contradicts itself",
    severity=Severity.MEDIUM,
    why="Columns of different length, or a node with one child, are read in one way by one release and in another by "
    "the next.",
    fix="Load it only if you know how it was made.",
    cwe=1284,
)
_CODES: Final = {
    "child-out-of-range": (OVERRUN, "a node has a child that is no node"),
    "cycle": (OVERRUN, "a node is reached twice"),
    "feature-out-of-range": (OVERRUN, "a node asks for a feature that there is not"),
    "category-out-of-range": (OVERRUN, "a node asks for a category that there is not"),
    "lengths-differ": (BROKEN, "its columns differ in length"),
    "no-children": (BROKEN, "it has no children and no leaves"),
    "no-leaves": (BROKEN, "it has no leaves"),
    "half-a-leaf": (BROKEN, "a node has one child"),
}


class BoosterScanner(Scanner):
    """Trees that do not hold; a booster in JSON is text otherwise."""

    name: ClassVar[str] = "booster"
    formats: ClassVar[frozenset[str]] = frozenset({"xgboost", "lightgbm", "catboost"})
    rules: ClassVar[tuple[Rule, ...]] = (OVERRUN, BROKEN)

    def sees(self, part: Part) -> bool:
        return part.format in self.formats or any(mention.kind == "tree-anomaly" for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return mentioned.findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind != "tree-anomaly":
        return None
    rule, words = _CODES.get(mention.text, (BROKEN, mentioned.shown(mention.text)))
    return rule, f"In a tree of this model {words}."
