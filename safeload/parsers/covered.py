"""Which bytes of a file beside it an index accounts for."""

from __future__ import annotations

from safeload.lean import Final, Iterable
from safeload.parsers.facts import Mention

COVERS: Final = "covers"


def extent(spans: Iterable[tuple[int, int]]) -> int | None:
    """How long a file is of which every byte belongs to one of these (offset, size); None where some do to none, or
    to two that are not the same."""
    end = 0
    for offset, size in sorted({span for span in spans if span[1]}):
        if offset != end or size < 0:
            return None
        end += size
    return end


def covers(name: str, length: int) -> Mention:
    """A file that this one accounts for to the last byte; `*` stands for its own name without the ending."""
    return Mention(kind=COVERS, text=name, where=str(length))
