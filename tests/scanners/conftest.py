"""What the tests of scanners stand on: bytes that can be read, facts made by hand, one scan."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from safeload.parsers.facts import Part, PickleFacts, PickleRole, Use
from safeload.parsers.sandbox.process import Worker
from safeload.scanners import engine
from safeload.scanners.interface import Finding, How, Report
from safeload.scanners.pickle import PickleScanner
from safeload.sources.interface import Artifact, Origin, OriginKind, Role, Snapshot

ORIGIN = Origin(kind=OriginKind.LOCAL, name="here")


@dataclass
class Bytes:
    """A file in memory."""

    data: bytes
    closed: bool = False

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, n: int) -> bytes:
        return self.data[offset : offset + n]

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        self.closed = True


class OnDisk(Bytes):
    """A file with a descriptor: what makes a worker read every member, not only what is worth a request."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by whoever was given it
        self.file.write(data)
        self.file.flush()

    def fileno(self) -> int:
        return self.file.fileno()

    def close(self) -> None:
        self.file.close()


@dataclass
class Says:
    """A worker that gives the facts it was made with, by artifact path."""

    parts: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    def announce(self, readable: object, /, *, purpose: str = "") -> None:
        pass

    def examine(self, readable: object, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        return self.parts[name]


def snapshot_of(*paths: str, role: Role = Role.WEIGHTS) -> Snapshot:
    return Snapshot.of(ORIGIN, [Artifact(path=path, role=role) for path in paths])


def judged(*uses: Use, **facts: object) -> tuple[Finding, ...]:
    """Findings about a pickle with these uses."""
    part = Part(format="pickle", pickle=PickleFacts(reading="pickle", uses=uses, **facts))  # type: ignore[arg-type]
    return PickleScanner().judge(part, Artifact(path="model.pkl"))


def use(module: str, name: str, role: PickleRole = PickleRole.CALLED, *shape: str) -> Use:
    return Use(module=module, name=name, role=role, shape=shape)


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return sorted({finding.rule.id for finding in findings})


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    """One real worker process for the session."""
    started = Worker.start()
    yield started
    started.close()


@pytest.fixture
def look(worker: Worker) -> Callable[..., Report]:
    """Scan one file's bytes with the real worker."""

    def scan(data: bytes, *, name: str = "model.bin", role: Role = Role.WEIGHTS) -> Report:
        snapshot = snapshot_of(name, role=role)
        return engine.scan(snapshot, lambda artifact: OnDisk(data), how=How.LOCAL, worker=worker)

    return scan


def saved(value: object, **options: object) -> bytes:
    import torch

    file = io.BytesIO()
    torch.save(value, file, **options)  # type: ignore[arg-type]
    return file.getvalue()
