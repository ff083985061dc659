"""One worker for all benign suites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from safeload.parsers.sandbox.process import Worker


@pytest.fixture(scope="session")
def worker() -> Iterator[Worker]:
    started = Worker.start()
    yield started
    started.close()
