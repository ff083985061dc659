"""A scan in this process, where a limit can be made smaller; the workers are processes of their own."""

from __future__ import annotations

from safeload.parsers import external
from safeload.parsers.examine import examine
from safeload.parsers.facts import Part
from safeload.parsers.reader import Reader
from safeload.parsers.sandbox.process import Readable
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners import engine
from safeload.scanners.interface import How, Report, Unscanned
from safeload.signals.interface import Assessment
from safeload.sources.interface import Role
from tests.scanners.conftest import Bytes, OnDisk, snapshot_of


class InProcess:
    """Both workers, without their processes."""

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        pass

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        size = readable.size or 0
        if readable.fileno() is None:
            reader = Reader.of_callback(readable.read_at, size=size)
        else:
            reader = Reader.of_bytes(readable.read_at(0, size))
        return examine(reader, purpose=purpose, others=external.load(external.KINDS))


def seen(data: bytes, *, name: str = "model.bin", how: How = How.LOCAL) -> Report:
    file = OnDisk(data) if how is How.LOCAL else Bytes(data)
    role = Role.WEIGHTS if name == "model.bin" else Role.FOUND  # texts are nothing odd there
    return engine.scan(snapshot_of(name, role=role), lambda artifact: file, how=how, worker=InProcess())


def gaps(report: Report) -> list[tuple[str, str]]:
    return [(one.reason.value, one.detail) for one in report.results if isinstance(one, Unscanned)]


def verdict(report: Report) -> Action:
    return evaluate(STANDARD, Assessment(report=report, signals=()), wants_weights=False).action


def rules(report: Report) -> list[str]:
    return [finding.rule.id for finding in report.findings]
