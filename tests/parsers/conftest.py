"""A worker for all tests of the room, and the real loaders as oracles."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from safeload.parsers.facts import Part
from safeload.parsers.sandbox.process import Worker


@dataclass
class LocalFile:
    """A readable over a descriptor."""

    path: Path

    def __post_init__(self) -> None:
        self._descriptor = os.open(self.path, os.O_RDONLY)
        self.size: int | None = os.fstat(self._descriptor).st_size

    def fileno(self) -> int | None:
        return self._descriptor

    def read_at(self, offset: int, n: int) -> bytes:
        raise AssertionError("a worker with a descriptor does not ask")

    def close(self) -> None:
        os.close(self._descriptor)


class Ranges:
    """A readable that only answers requests, and remembers them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size: int | None = len(data)
        self.requests: list[tuple[int, int]] = []

    def fileno(self) -> int | None:
        return None

    def read_at(self, offset: int, n: int) -> bytes:
        self.requests.append((offset, n))
        return self._data[offset : offset + n]


Examine = Callable[[bytes], tuple[Part, ...]]
Runs = Callable[[str, bytes], None]


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    started = Worker.start(cpu=20)
    yield started
    started.close()


@pytest.fixture
def examine(worker: Worker, tmp_path: Path) -> Examine:
    """Bytes in a file, parts out; the same bytes by ranges give the same formats and names."""

    def run(content: bytes) -> tuple[Part, ...]:
        path = tmp_path / "examined"
        path.write_bytes(content)
        readable = LocalFile(path)
        try:
            return worker.examine(readable, name="examined")
        finally:
            readable.close()

    return run


@pytest.fixture
def real_load(tmp_path: Path) -> Runs:
    """The oracle: run a loader (code over `path`) on the bytes in a process of its own; errors are its own."""

    def run(loader: str, content: bytes) -> None:
        path = tmp_path / "loaded"
        path.write_bytes(content)
        code = f"import pickle\npath = {str(path)!r}\n{loader}"
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)

    return run


def names(parts: tuple[Part, ...]) -> set[str]:
    """Every name in any part, dotted."""
    return {f"{use.module}.{use.name}" for part in parts if part.pickle for use in part.pickle.uses}


def roles(parts: tuple[Part, ...], name: str) -> set[str]:
    found = [use for part in parts if part.pickle for use in part.pickle.uses]
    return {use.role.value for use in found if f"{use.module}.{use.name}" == name}


def gaps(parts: tuple[Part, ...]) -> set[str]:
    return {part.gap.reason.value for part in parts if part.gap is not None}


def anomalies(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(note for part in parts if part.archive for note in part.archive.anomalies)
