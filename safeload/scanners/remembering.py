"""An examiner that parses large files only once: facts of known bytes come from the memo."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Mapping, record

if TYPE_CHECKING:
    from safeload.parsers.facts import Part
    from safeload.scanners.engine import Examiner
    from safeload.scanners.memo import Memo
    from safeload.sources.interface import Digest, Readable


@record(frozen=True, slots=True, kw_only=True)
class Remembering:
    """`digests` are those of local bytes that were hashed just now, by artifact path."""

    examiner: Examiner
    memo: Memo
    digests: Mapping[str, Digest]

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        if not _worth(readable):
            self.examiner.announce(readable, purpose=purpose)

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        digest = self.digests.get(name)
        if digest is None or not _worth(readable):
            return self.examiner.examine(readable, name=name, purpose=purpose)
        parts = self.memo.parts(digest.hex, purpose)
        if parts is None:
            parts = self.examiner.examine(readable, name=name, purpose=purpose)
            self.memo.remember_parts(digest.hex, purpose, parts)
        return parts


def _worth(readable: Readable) -> bool:
    return readable.size is not None and readable.size >= limits.REMEMBERED
