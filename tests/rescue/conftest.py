"""Converting one file, in front of the real worker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.guard.loaders.calls import call_for
from safeload.rescue.convert import convert
from safeload.rescue.interface import Rescued

Convert = Callable[[bytes], Rescued]


@pytest.fixture
def converted(tmp_path: Path) -> Convert:
    """The bytes as `model.pt`, converted to a folder `out`."""

    def run(data: bytes) -> Rescued:
        (tmp_path / "model.pt").write_bytes(data)
        return convert(call_for(str(tmp_path / "model.pt")), tmp_path / "out")

    return run
