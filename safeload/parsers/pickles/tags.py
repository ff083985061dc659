"""Tags for the arguments of one name's calls."""

from __future__ import annotations

from safeload.lean import Any, Callable, Final
from safeload.parsers.pickles.standins import Blank, InertMapping, Named, Persistent

_LITERAL: Final = 32  # characters; an argument such as 'latin1' decides what a call means, a paragraph does not
_LITERALS: Final = 8  # different ones kept for one argument of one name; beyond, the argument is just `str`


class Tags:
    """Tells of strings on the way, which may be pickles themselves, and counts classes as passed along."""

    __slots__ = ("_kept", "_tell")

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self._tell = tell
        self._kept: dict[int, set[str]] = {}

    def of(self, position: int, value: Any) -> str:
        kind = value.__class__
        if kind is str:
            self._tell(value)
            return self._text(position, value)
        if kind is bytes or kind is bytearray:
            self._tell(value)
            return "bytes"
        if isinstance(value, Named):
            page = value.page
            page.passed += 1
            return f"global:{page.module}.{page.name}"
        if isinstance(value, Persistent):
            return "persistent"
        return "result" if isinstance(value, (Blank, InertMapping)) else "other"

    def _text(self, position: int, value: str) -> str:
        if len(value) > _LITERAL:
            return "str"
        kept = self._kept.setdefault(position, set())
        if value not in kept:
            if len(kept) >= _LITERALS:
                return "str"
            kept.add(value)
        return f"str:{value!a}"
