"""safeload: what would loading this model run? Look, decide, load exactly that."""

from __future__ import annotations

__version__ = "0.1.0"
