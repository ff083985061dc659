"""What a limit's test needs: a file that has so much of what the limit counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    """`build(n)` is a file with `n` of it. `at` stands for the limit where the real one takes long to reach.

    `step` is by how much more is too much: a file of a format cannot have any number of everything.
    """

    limit: str
    build: Callable[[int], bytes]
    at: int | None = None
    step: int = 1
    reason: str = "limit"
    name: str = "model.bin"
    needs: str = ""
