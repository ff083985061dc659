"""The class of the benchmark's objects."""

from __future__ import annotations


class Record:
    """A plain object with two fields."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = "record"
