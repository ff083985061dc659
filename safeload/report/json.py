"""A review as one JSON object: the schema `safeload.review/1`."""

from __future__ import annotations

import json

from safeload.lean import TYPE_CHECKING, Any
from safeload.scanners.interface import Engine, Finding, Result, Scanned

if TYPE_CHECKING:
    from safeload.errors import SafeloadError
    from safeload.policy.interface import Reason, Review
    from safeload.signals.interface import Signal
    from safeload.sources.interface import Snapshot

SCHEMA = "safeload.review/1"


def review_object(review: Review) -> dict[str, Any]:
    """The object of a target that was looked at; `error` is None."""
    return {
        "schema": SCHEMA,
        "target": review.target,
        "snapshot": _snapshot(review.snapshot),
        "action": review.verdict.action.value,
        "reasons": [reason_object(reason) for reason in review.verdict.reasons],
        "results": [_result(result) for result in review.assessment.report.results],
        "signals": [_signal(signal) for signal in review.assessment.signals],
        "engine": _engine(review.assessment.report.engine),
        "error": None,
    }


def error_object(target: str, error: SafeloadError) -> dict[str, Any]:
    """The object of a target that could not be looked at: action `error`, every other field there but empty."""
    return {
        "schema": SCHEMA,
        "target": target,
        "snapshot": {"origin": None, "revision": None, "digest": None},
        "action": "error",
        "reasons": [],
        "results": [],
        "signals": [],
        "engine": None,
        "error": {"code": error.code, "message": error.message, "next": error.next},
    }


def line(value: dict[str, Any]) -> str:
    """One object as one line of ASCII, which no terminal interprets; what is not Unicode text is escaped twice."""
    return json.dumps(_unicode(value), ensure_ascii=True, allow_nan=False)


def _unicode(value: Any) -> Any:
    # A lone surrogate (from a file name that is not UTF-8) is not valid in JSON: many readers refuse the whole line.
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_unicode(key): _unicode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unicode(item) for item in value]
    return value


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "origin": snapshot.origin.name,
        "revision": snapshot.origin.revision,
        "digest": None if snapshot.digest is None else str(snapshot.digest),
    }


def reason_object(reason: Reason) -> dict[str, Any]:
    """Why, as every object of ours says it."""
    return {"clause": reason.clause, "action": reason.action.value, "text": reason.text, "because": reason.because}


def _result(result: Result) -> dict[str, Any]:
    return {
        "path": result.location.artifact,
        "member": list(result.location.member),
        "format": result.format,
        "status": "scanned" if isinstance(result, Scanned) else "unscanned",
        "reason": None if isinstance(result, Scanned) else result.reason.value,
        "detail": None if isinstance(result, Scanned) else result.detail,
        "findings": [_finding(finding) for finding in result.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "evidence": list(finding.evidence),
        "offset": finding.location.offset,
    }


def _engine(engine: Engine) -> dict[str, Any]:
    return {"version": engine.version, "python": engine.python, "missing_extras": list(engine.missing_extras)}


def _signal(signal: Signal) -> dict[str, Any]:
    return {
        "id": signal.id,
        "dimension": signal.dimension.value,
        "outcome": signal.outcome.value,
        "summary": signal.summary,
        "evidence": list(signal.evidence),
    }
