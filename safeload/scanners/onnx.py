"""Judges an ONNX model: its operators, and the other files that it has read."""

from __future__ import annotations

import re

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.escape import plain
from safeload.scanners.grouping import by_rule
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity
from safeload.scanners.operators import listed

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

EXTERNAL_PATH: Final = Rule(
    id="onnx-external-path",
    title="The model reads a file outside its folder",
    severity=Severity.HIGH,
    # CVE-2022-25882, CVE-2024-27318, CVE-2024-5187: https://github.com/advisories/GHSA-ffxj-547x-5j7c
    why="ONNX models may keep weights in other files. This one names a file elsewhere on your machine: its content "
    "would become part of the model, from where it can be read out.",
    fix="Do not load it. Models keep their weights beside them.",
    cwe=22,
)
UNKNOWN_OPERATOR: Final = Rule(
    id="onnx-unknown-operator",
    title="The model uses an operator that ONNX does not have",
    severity=Severity.MEDIUM,
    why="Such an operator is compiled code that has to be loaded beside the model, from a library of its own. What it "
    "does cannot be told from the model.",
    fix="Approve it if you know the library that brings this operator, and trust it.",
    cwe=829,
)
RUNS_CODE: Final = Rule(
    id="onnx-runs-code",
    title="The model holds or names a program",
    severity=Severity.HIGH,
    why="This operator runs something that is not part of the graph: a Python function by its name, or a program that "
    "was compiled for one device.",
    fix="Ask the publisher for a model of ordinary operators.",
    cwe=829,
)

# Runs a torch function or a Python class by its name; a device's own compiled program, inside or in a file beside.
# https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#commicrosoftepcontext
_RUNS: Final = {
    "PythonOp": "a Python function by its name",
    "PythonOpGrad": "a Python function by its name",
    "ATen": "a function of torch by its name",
    "ATenOp": "a function of torch by its name",
    "EPContext": "a program that was compiled for one device",
    "Snpe": "a program that was compiled for one device",
    "PyOp": "a Python function by its name",
    "PyCustomOp": "a Python function by its name",
}
# Plain names, in folders or not. No drive, no address, no way up: each of these leads elsewhere on some system. What
# starts with a star is an address in memory to ONNX Runtime (`*/_ORT_MEM_ADDR_/*`, tensorprotoutils.h).
_INSIDE: Final = re.compile(r"(?![~ ])[^/\\:*\0-\x1f]+(/[^/\\:*\0-\x1f]+)*")
_SHOWN: Final = 8


def stays_inside(path: str) -> bool:
    """Is this a plain relative path, on every system?"""
    path = path.removeprefix("./")
    return _INSIDE.fullmatch(path) is not None and not {"..", "."} & set(path.split("/"))


class OnnxScanner(Scanner):
    """Operators by an allowlist; a model's own functions are made of such operators."""

    name: ClassVar[str] = "onnx"
    formats: ClassVar[frozenset[str]] = frozenset({"onnx"})
    rules: ClassVar[tuple[Rule, ...]] = (EXTERNAL_PATH, UNKNOWN_OPERATOR, RUNS_CODE)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        own = {mention.text for mention in part.mentions if mention.kind == "onnx-function"}
        place = Location(artifact=artifact.path, member=part.member)
        return tuple(
            Finding(
                rule=rule,
                confidence=Confidence.HIGH,
                location=place,
                message=_message(rule, mentions[0].text),
                evidence=tuple(plain(mention.text, limits.EVIDENCE) for mention in mentions[:_SHOWN]),
            )
            for rule, mentions in by_rule((_rule(mention, own), mention) for mention in part.mentions)
        )


def _rule(mention: Mention, own: set[str]) -> Rule | None:
    if mention.kind == "external-data":
        return None if stays_inside(mention.text) else EXTERNAL_PATH
    if mention.kind != "onnx-op":
        return None
    domain, _, name = mention.text.rpartition(":")
    if name in _RUNS and domain not in ("", "ai.onnx"):
        return RUNS_CODE
    known = f"{'' if domain == 'ai.onnx' else domain}:{name}"
    return None if mention.text in own or known in listed("onnx") else UNKNOWN_OPERATOR


def _message(rule: Rule, text: str) -> str:
    shown = plain(text, 80)
    if rule is EXTERNAL_PATH:
        return f"The model reads its weights from {shown or 'a file without a name'}."
    if rule is RUNS_CODE:
        return f"The operator {shown.lstrip(':')} runs {_RUNS[text.rpartition(':')[2]]}."
    return f"The model uses the operator {shown.lstrip(':')}, which nobody has vouched for."
