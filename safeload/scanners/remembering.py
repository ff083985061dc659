"""An examiner that parses large files only once: facts of known bytes come from the memo."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING
from safeload.sources.readable import Hashed

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.scanners.engine import Examiner
    from safeload.scanners.memo import Memo
    from safeload.sources.readable import Readable


class Remembering:
    """Where facts of a file of the same length are remembered, it is hashed first: it may be the same file again."""

    def __init__(self, *, examiner: Examiner, memo: Memo) -> None:
        self._examiner = examiner
        self._memo = memo
        self._new: list[tuple[Hashed, int, str, tuple[Part, ...]]] = []

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        if not _worth(readable):
            self._examiner.announce(readable, purpose=purpose)

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        size = readable.size
        if size is None or not _worth(readable) or not isinstance(readable, Hashed):
            return self._examiner.examine(readable, name=name, purpose=purpose)
        sha256 = readable.sha256(wait=self._memo.knows_length(size))
        parts = self._memo.parts(sha256, purpose) if sha256 is not None else None
        if parts is None:
            parts = self._examiner.examine(readable, name=name, purpose=purpose)
            self._new.append((readable, size, purpose, parts))
        return parts

    def remember(self) -> None:
        """Keep what was read, by what it hashes to. Call it when that is known to be so."""
        for readable, size, purpose, parts in self._new:
            sha256 = readable.sha256(wait=True)
            if sha256 is not None:
                self._memo.remember_parts(sha256, purpose, parts)
                self._memo.remember_length(size)


def _worth(readable: Readable) -> bool:
    return readable.size is not None and readable.size >= limits.REMEMBERED
