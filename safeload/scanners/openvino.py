"""Judges OpenVINO graphs: operations that only an extension has, and XML that a graph does not need."""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.parsers.covered import COVERS
from safeload.scanners import mentioned
from safeload.scanners.interface import Finding, Rule, Scanner, Severity

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

EXTENSION: Final = Rule(
    id="openvino-extension",
    title="The graph needs an operation that OpenVINO does not have",
    severity=Severity.MEDIUM,
    why="Such an operation comes from an extension, a library of compiled code that has to be loaded for it. OpenVINO "
    "does not do that by itself; the instructions that come with the model may.",
    fix="Load it only with an extension that you trust for reasons of your own.",
    cwe=829,
)
DOCTYPE: Final = Rule(
    id="openvino-document-type",
    title="The graph defines entities",
    severity=Severity.HIGH,
    why="Entities of XML read files, ask servers, or grow without end. No tool writes them into a graph.",
    fix="Do not load it.",
    cwe=611,
)
PLACE: Final = Rule(
    id="openvino-odd-place",
    title="A constant of the graph lies at no place",
    severity=Severity.HIGH,
    why="Offset and size are added and read. Numbers that overflow, or are none, lead outside of the weights.",
    fix="Do not load it.",
    cwe=125,
)
_STANDARD: Final = re.compile(r"opset[0-9]{1,2}\.[A-Za-z][A-Za-z0-9_]{0,60}", re.ASCII)


class OpenvinoScanner(Scanner):
    """Layers by the set of operations that they are from."""

    name: ClassVar[str] = "openvino"
    formats: ClassVar[frozenset[str]] = frozenset({"openvino"})
    rules: ClassVar[tuple[Rule, ...]] = (EXTENSION, DOCTYPE, PLACE)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return mentioned.findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == COVERS:
        return None
    if mention.kind == "doctype":
        return DOCTYPE, "The graph has a document type, which can define entities."
    if mention.kind == "odd-place":
        return PLACE, f"A constant of the graph has the {mentioned.shown(mention.text)}."
    if _STANDARD.fullmatch(mention.text):
        return None
    return EXTENSION, f"The graph uses {mentioned.shown(mention.text)}, which OpenVINO does not have itself."
