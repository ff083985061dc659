"""Judges Python files that a load would run, without parsing or running them."""

from __future__ import annotations

import re
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

# Searched, not parsed: `ast.parse` of deeply nested text ends CPython 3.10 with a segmentation fault, in the process of
# the user. https://docs.python.org/3/library/ast.html#ast.parse
_LINE: Final = re.compile(
    r"(?:^|[;:])[ \t]{0,200}(?:import[ \t]{1,8}(?P<modules>[^\n;#]{1,400})"
    r"|from[ \t]{1,8}(?P<package>[\w.]{1,200})[ \t]{1,8}import\b)",
    re.MULTILINE,
)
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
    if source is None or len(source) > limits.CODE_SEARCHED:
        return "imports: not looked at, the file is too long or no text"
    found = sorted({name for line in _LINE.finditer(source.decode("utf-8", "replace")) for name in _named(line)})
    text = ", ".join(found[:_IMPORTS_SHOWN]) + (" and more" if len(found) > _IMPORTS_SHOWN else "")
    return plain(f"imports: {text or 'none that can be seen'}", limits.EVIDENCE * 2)


def _named(line: re.Match[str]) -> Iterator[str]:
    if line["package"] is not None:
        yield line["package"]
        return
    for part in line["modules"].split(","):
        words = part.split()
        if words:
            yield words[0]
