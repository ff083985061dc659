"""The guard, on and asking somebody; what its copies are kept in."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from safeload import patch
from safeload.guard import copy as copies
from safeload.guard import room
from safeload.policy.interface import Action
from tests.guard.deciders import Says


@pytest.fixture
def guard() -> Iterator[Says]:
    """Nobody answers what is asked."""
    asked = Says(None)
    patch.install(decider=asked)
    yield asked
    patch.remove()


@pytest.fixture
def approving() -> Iterator[Says]:
    """Says yes to everything that may be approved."""
    asked = Says(Action.ALLOW)
    patch.install(decider=asked)
    yield asked
    patch.remove()


@pytest.fixture(params=["memory", "files"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sealed memory, and what stands in for it elsewhere."""
    if request.param == "files":
        monkeypatch.setattr(copies, "MEMFD", False)
        monkeypatch.setattr(room, "MEMFD", False)
    elif not hasattr(os, "memfd_create"):
        pytest.skip("sealed memory is Linux's")
    return str(request.param)
