"""Judges what a Core ML model needs beside itself."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown
from safeload.scanners.onnx import stays_inside

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

CUSTOM: Final = Rule(
    id="coreml-custom-class",
    title="The model needs code of an application",
    severity=Severity.MEDIUM,
    why="A custom layer or model is a class of the application that loads it, found by its name. What it does cannot "
    "be told from the model.",
    fix="Approve it if you know that class.",
    cwe=829,
)
LINKED: Final = Rule(
    id="coreml-linked-model",
    title="The model loads another model",
    severity=Severity.MEDIUM,
    why="It links to a compiled model elsewhere, by name and path. That model was not looked at.",
    fix="Look at the other model, too.",
    cwe=829,
)
OTHER_FILE: Final = Rule(
    id="coreml-external-path",
    title="The model reads a file outside its folder",
    severity=Severity.HIGH,
    why="Programs of Core ML keep weights in files beside them. This one names a file elsewhere on your machine.",
    fix="Do not load it.",
    cwe=22,
)


class CoreMlScanner(Scanner):
    """Layers of the format compute; classes and other models are named."""

    name: ClassVar[str] = "coreml"
    formats: ClassVar[frozenset[str]] = frozenset({"coreml", "coreml-weights"})
    rules: ClassVar[tuple[Rule, ...]] = (CUSTOM, LINKED, OTHER_FILE)

    def sees(self, part: Part) -> bool:
        return part.format in self.formats or any(mention.kind == "coreml-item" for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == "coreml-class":
        return CUSTOM, f"The model needs the class {shown(mention.text)} of an application."
    if mention.kind == "coreml-op" and mention.text.startswith("custom"):
        return CUSTOM, f"The model needs the operation {shown(mention.text)} of an application."
    if mention.kind == "external-data" and not stays_inside(mention.text):
        return OTHER_FILE, f"The model reads its weights from {shown(mention.text)}."
    if mention.kind == "coreml-item" and not stays_inside(mention.text):
        return OTHER_FILE, f"The package says that a part of it is {shown(mention.text)}."
    if mention.kind == "coreml-serialized":
        return LINKED, f"The model holds another one in a form that is not known: {shown(mention.text)}."
    if mention.kind == "coreml-file":
        return LINKED, f"The model loads another one: {shown(mention.text)}."
    return None
