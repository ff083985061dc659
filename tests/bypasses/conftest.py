"""The bypass tests ask for verdicts: the real worker, the real engine."""

from __future__ import annotations

from tests.scanners.conftest import look, worker

__all__ = ["look", "worker"]
