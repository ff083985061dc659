"""Judges configuration that names code: kernels to download, Python files to run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from safeload import limits
from safeload.parsers.facts import TextFacts
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Severity
from safeload.sources.interface import Artifact

REMOTE_KERNEL: Final = Rule(
    id="remote-kernel",
    title="The configuration downloads compiled code",
    severity=Severity.HIGH,
    why="An attention or experts implementation with a slash in its name is a kernel repository: machine code that is "
    "downloaded and run when the model is loaded, even without trust_remote_code.",
    fix="Pass attn_implementation='eager' or 'sdpa' yourself, or approve it if you trust that repository.",
    cwe=829,
)
CONFIG_CODE: Final = Rule(
    id="config-names-code",
    title="The configuration names Python code",
    severity=Severity.LOW,
    why="The configuration points to Python files in a repository. They run only if the load asks for them; those that "
    "it would run are findings of their own.",
    fix="Leave trust_remote_code off where the library knows the architecture itself.",
    cwe=829,
)
AMBIGUOUS: Final = Rule(
    id="config-ambiguous",
    title="A setting stands twice in the configuration",
    severity=Severity.MEDIUM,
    why="Readers of JSON differ in which of two equal keys they take. One that checks the file can see another setting "
    "than the library that uses it.",
    fix="Ask the publisher to remove one of the two.",
    cwe=436,
)
RULES: Final = (REMOTE_KERNEL, CONFIG_CODE, AMBIGUOUS)

_KERNELS: Final = frozenset(
    f"{start}{kind}_implementation{end}"
    for start in ("", "_")
    for kind in ("attn", "experts")
    for end in ("", "_internal")
)
_CODE: Final = frozenset({"auto_map", "custom_pipelines"})
_SHOWN: Final = 8


def judge(text: bytes, artifact: Artifact) -> tuple[Finding, ...]:
    """Findings for one JSON file. Raises `ValueError` or `RecursionError` where it cannot be parsed."""
    kernels: list[str] = []
    code: list[str] = []
    for key, value in _settings(json.loads(text)):
        if key in _KERNELS:
            kernels.extend(f"{key}: {name}" for name in _strings(value) if "/" in name)
        elif key in _CODE:
            code.extend(f"{key}: {name}" for name in _strings(value))
    found = []
    if kernels:
        message = f"{plain(artifact.name_in_origin, limits.EVIDENCE)} has compiled code downloaded and run."
        found.append(_finding(REMOTE_KERNEL, artifact, message, kernels))
    if code:
        message = f"{plain(artifact.name_in_origin, limits.EVIDENCE)} names Python code for the library to run."
        found.append(_finding(CONFIG_CODE, artifact, message, code))
    return tuple(found)


def ambiguous(facts: TextFacts, artifact: Artifact) -> tuple[Finding, ...]:
    """The finding for keys that stand twice in one object."""
    twice = [text.partition(":")[2].strip() for text in facts.anomalies if text.startswith("duplicate-key:")]
    if not twice:
        return ()
    name = plain(artifact.name_in_origin, limits.EVIDENCE)
    return (_finding(AMBIGUOUS, artifact, f"{name} has a setting that stands there twice.", twice),)


def _settings(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key at any depth: configurations of parts (`text_config`) are read by the same rules. No recursion."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            yield from item.items()
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            waiting.extend(reversed(item))


def _finding(rule: Rule, artifact: Artifact, message: str, evidence: list[str]) -> Finding:
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=Location(artifact=artifact.path),
        message=message,
        evidence=tuple(plain(text, limits.EVIDENCE) for text in dict.fromkeys(evidence))[:_SHOWN],
    )
