"""One file's bytes, looked at by real workers and judged by the standard policy."""

from __future__ import annotations

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners import engine
from safeload.scanners.interface import How, Report
from safeload.signals.interface import Assessment
from safeload.sources.interface import Role
from tests.scanners.conftest import OnDisk, snapshot_of


def report_on(workers: Workers, data: bytes, *, name: str = "model", role: Role = Role.WEIGHTS) -> Report:
    snapshot = snapshot_of(name, role=role)
    return engine.scan(snapshot, lambda artifact: OnDisk(data), how=How.LOCAL, worker=workers)


def rule_ids(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


def verdict(report: Report) -> Action:
    return evaluate(STANDARD, Assessment(report=report, signals=()), wants_weights=False).action
