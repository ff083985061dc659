"""A server that shows one file by ranges may serve another when asked for the whole."""

from __future__ import annotations

from safeload.lean import replace
from safeload.scanners.interface import (
    Confidence,
    Finding,
    Location,
    Report,
    Result,
    Rule,
    Severity,
)

SOURCE_INCONSISTENT = Rule(
    id="source-inconsistent",
    title="The source served different bytes at different times",
    severity=Severity.HIGH,
    why="What was shown before the download is not what came: the server, a mirror or the network changes files.",
    fix="Do not load it. Compare the file's SHA-256 with what the publisher announces, from another network.",
    cwe=345,
)

RULES = (SOURCE_INCONSISTENT,)


def compared(before: Report, after: Report) -> Report:
    """`after` with a finding for each artifact whose pickles or tensors are not those that `before` saw."""
    changed = sorted(_changed(before, after))
    if not changed:
        return after
    return replace(after, results=tuple(_marked(result, changed) for result in after.results))


def _changed(before: Report, after: Report) -> set[str]:
    seen, now = _contents(before), _contents(after)
    return {path for path in seen.keys() | now.keys() if seen.get(path) != now.get(path)}


def _contents(report: Report) -> dict[str, set[str]]:
    contents: dict[str, set[str]] = {}
    for result in report.results:
        for stream in result.streams:
            contents.setdefault(result.location.artifact, set()).add(stream.sha256)
    for header in report.tensors:
        said = f"{header.tensors} {sorted(header.parameters.items())}"
        contents.setdefault(header.artifact, set()).add(said)
    return contents


def _marked(result: Result, changed: list[str]) -> Result:
    path = result.location.artifact
    if path not in changed or result.location.member:
        return result
    finding = Finding(
        rule=SOURCE_INCONSISTENT,
        confidence=Confidence.HIGH,
        location=Location(artifact=path),
        message=f"{path} is not the file that was shown before the download.",
    )
    return replace(result, findings=(*result.findings, finding))
