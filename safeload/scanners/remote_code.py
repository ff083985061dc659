"""Judges Python files that a load would run, by reading them without running them."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Final

from safeload import limits
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Severity
from safeload.sources.interface import Artifact, Origin

REMOTE_CODE: Final = Rule(
    id="remote-code",
    title="The repository brings code that loading runs",
    severity=Severity.MEDIUM,
    why="This Python file runs with all your rights when the model is loaded. Whoever can change the repository "
    "decides what it does.",
    fix="Read the file. Approve it only if you trust its author; the approval holds for exactly these bytes.",
    cwe=829,
)
RULES: Final = (REMOTE_CODE,)

_UNREADABLE: Final = "could not be parsed"
_IMPORTS_SHOWN: Final = 40


def judge(source: bytes | None, artifact: Artifact, origin: Origin) -> tuple[Finding, ...]:
    """The finding for one file that a load runs. `source` is None where the file was too large to be read whole."""
    where = plain(str(artifact.origin or origin), limits.EVIDENCE)
    name = plain(artifact.name_in_origin, limits.EVIDENCE)
    whose = f"of {where}" if artifact.origin is not None else "of this repository"
    return (
        Finding(
            rule=REMOTE_CODE,
            confidence=Confidence.HIGH,
            location=Location(artifact=artifact.path),
            message=f"Loading runs the Python file {name} {whose}.",
            evidence=(_imports(source),),
        ),
    )


def _imports(source: bytes | None) -> str:
    if source is None or len(source) > limits.CODE_PARSED:
        return f"imports: {_UNREADABLE}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Their invalid escapes are not our user's concern.
            tree = ast.parse(source)
        found = sorted(set(_imported(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Null bytes, nesting that exhausts the parser: what cannot be read is said, not skipped.
        return f"imports: {_UNREADABLE}"
    text = ", ".join(found[:_IMPORTS_SHOWN]) + (" and more" if len(found) > _IMPORTS_SHOWN else "")
    return plain(f"imports: {text or 'nothing'}", limits.EVIDENCE * 2)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
