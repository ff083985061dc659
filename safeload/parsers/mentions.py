"""What a file says that a loader may act on, counted: equal mentions are one."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Final
from safeload.parsers.facts import GapReason, Mention
from safeload.parsers.refused import Refused

_WHERE: Final = 400  # characters of the way to a mention


class Mentions:
    """Collects. Raises `Refused` when there are too many different ones, or one is too long to be told whole."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[str | int]] = {}

    def add(self, kind: str, text: str, where: str = "") -> None:
        if len(text) > limits.NAME:
            raise Refused(f"{kind}: a text of {len(text):,} characters", reason=GapReason.LIMIT)
        held = self._found.get((kind, text))
        if held is not None:
            held[1] = int(held[1]) + 1
            return
        if len(self._found) >= limits.NAMES:
            raise Refused(f"it says more than {limits.NAMES:,} different things", reason=GapReason.LIMIT)
        self._found[kind, text] = [where[:_WHERE], 1]

    def all(self) -> tuple[Mention, ...]:
        return tuple(
            Mention(kind=kind, text=text, where=str(where), count=int(count))
            for (kind, text), (where, count) in self._found.items()
        )
