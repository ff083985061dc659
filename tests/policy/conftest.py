"""Assessments made by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeload.parsers.facts import GapReason
from safeload.scanners.interface import (
    Confidence,
    Engine,
    Finding,
    How,
    Location,
    Report,
    Result,
    Rule,
    Scanned,
    Severity,
    Unscanned,
)
from safeload.signals.interface import Assessment, Signal
from safeload.sources.interface import Artifact, Origin, OriginKind, Role, Snapshot

Assess = Callable[..., Assessment]


def a_rule(severity: Severity, rule_id: str = "some-rule", revision: int = 1) -> Rule:
    return Rule(id=rule_id, title="Title", severity=severity, why="Why.", fix="Fix.", revision=revision)


def a_finding(
    path: str,
    severity: Severity = Severity.MEDIUM,
    *,
    rule_id: str = "some-rule",
    revision: int = 1,
    member: tuple[str, ...] = (),
    offset: int | None = 7,
    evidence: str = "mylib.Thing",
) -> Finding:
    return Finding(
        rule=a_rule(severity, rule_id, revision),
        confidence=Confidence.HIGH,
        location=Location(artifact=path, member=member, offset=offset),
        message=f"It names {evidence}.",
        evidence=(evidence,),
    )


def read(path: str, *findings: Finding) -> Scanned:
    return Scanned(location=Location(artifact=path), format="pickle", scanner="pickle", findings=findings)


def unread(path: str, reason: GapReason, *findings: Finding, detail: str = "") -> Unscanned:
    return Unscanned(location=Location(artifact=path), reason=reason, detail=detail, findings=findings)


@pytest.fixture
def assessed() -> Assess:
    return an_assessment


def an_assessment(
    *results: Result, roles: dict[str, Role] | None = None, signals: tuple[Signal, ...] = ()
) -> Assessment:
    """An assessment of the files that `results` speak of; their role is WEIGHTS unless `roles` says another."""
    roles = roles or {}
    paths = dict.fromkeys(r.location.artifact for r in results)
    snapshot = Snapshot.of(
        Origin(kind=OriginKind.HUB, name="acme/tiny", revision="a" * 40),
        [Artifact(path=path, role=roles.get(path, Role.WEIGHTS)) for path in paths],
    )
    engine = Engine(version="0", python="3")
    report = Report(snapshot=snapshot, results=results, engine=engine, how=How.LOCAL)
    return Assessment(report=report, signals=signals)
