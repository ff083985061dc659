"""What tests of the guard's copies stand on."""

from __future__ import annotations

import os

import pytest

from safeload.guard import copy as copies
from safeload.guard import room


@pytest.fixture(params=["memory", "files"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sealed memory, and what stands in for it elsewhere."""
    if request.param == "files":
        monkeypatch.setattr(copies, "MEMFD", False)
        monkeypatch.setattr(room, "MEMFD", False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("sealed memory is Linux's")
    return str(request.param)
