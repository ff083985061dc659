"""An examiner that parses files only once: facts of known bytes come from the memo."""

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
    """Where facts of a file of the same length are remembered, it is hashed first: it may be the same file again.

    Small files beside a large one are remembered too, a few of them: a worker is quicker than the memo, and
    takes longer than either to start.
    """

    def __init__(self, *, examiner: Examiner, memo: Memo) -> None:
        self._examiner = examiner
        self._memo = memo
        self._new: list[tuple[Hashed, int, str, tuple[Part, ...]]] = []
        # By identity; each is held, so that no later one can be taken for it.
        self._small: dict[int, tuple[Readable, str, tuple[Part, ...] | None]] = {}

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        if _worth(readable):
            return
        if isinstance(readable, Hashed) and len(self._small) < limits.REMEMBERED_SMALL:
            sha256 = readable.sha256(wait=True)
            parts = self._memo.parts(sha256, purpose) if sha256 is not None else None
            self._small[id(readable)] = readable, purpose, parts
            if parts is not None:
                return
        self._examiner.announce(readable, purpose=purpose)

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        size = readable.size
        if size is not None and not _worth(readable):
            return self._of_small(readable, size, name, purpose)
        if size is None or not isinstance(readable, Hashed):
            return self._examiner.examine(readable, name=name, purpose=purpose)
        sha256 = readable.sha256(wait=self._memo.knows_length(size))
        parts = self._memo.parts(sha256, purpose) if sha256 is not None else None
        if parts is None:
            parts = self._examiner.examine(readable, name=name, purpose=purpose)
            self._new.append((readable, size, purpose, parts))
        return parts

    def _of_small(self, readable: Readable, size: int, name: str, purpose: str) -> tuple[Part, ...]:
        _, announced, parts = self._small.get(id(readable), (None, None, None))
        if announced != purpose:
            return self._examiner.examine(readable, name=name, purpose=purpose)
        if parts is None:
            parts = self._examiner.examine(readable, name=name, purpose=purpose)
            if isinstance(readable, Hashed):
                self._new.append((readable, size, purpose, parts))
        return parts

    def remember(self) -> None:
        """Keep what was read, by what it hashes to. Call it when that is known to be so."""
        for readable, size, purpose, parts in self._new:
            sha256 = readable.sha256(wait=True)
            if sha256 is not None:
                self._memo.remember_parts(sha256, purpose, parts)
                if size >= limits.REMEMBERED:
                    self._memo.remember_length(size)


def _worth(readable: Readable) -> bool:
    return readable.size is not None and readable.size >= limits.REMEMBERED
