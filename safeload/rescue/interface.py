"""The nouns of a rescue: what was taken out of a model, what was left behind."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, Mapping, record
from safeload.parsers.plan import Dropped

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.sources.interface import Origin

__all__ = ["PROVENANCE", "Dropped", "Piece", "Rescued", "Taken"]

PROVENANCE: Final = "safeload-provenance.json"


@record(frozen=True, slots=True, kw_only=True)
class Piece:
    """One tensor, checked: every element lies within its storage. `at` and `span` are bytes of the source file.

    `shape` and `stride` are what is left of them when neighbours that follow each other are one; `item` bytes an
    element has, `swap` the bytes that are to be turned round (0 for none).
    """

    name: str
    dtype: str
    said: tuple[int, ...]
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    item: int
    at: int
    span: int
    swap: int

    @property
    def size(self) -> int:
        """Bytes that it takes when its elements stand one after another."""
        count = self.item
        for extent in self.said:
            count *= extent
        return count


@record(frozen=True, slots=True, kw_only=True)
class Taken:
    """One file that was converted. `aliases` are names of tensors that are another one's: they share its numbers.

    `names` are what the pickle names beside tensors, `modules` the classes of which only the state was kept. Digests
    are SHA-256 in hexadecimal digits.
    """

    path: str
    sha256: str
    file: str
    file_sha256: str
    tensors: tuple[str, ...]
    bytes: int
    aliases: Mapping[str, str]
    unshared: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    more: int
    names: tuple[str, ...]
    modules: tuple[str, ...]
    within: str


@record(frozen=True, slots=True, kw_only=True)
class Rescued:
    """A folder with the tensors of a model, and what a load needs beside them. `copied` are digests by path."""

    folder: Path
    origin: Origin
    taken: tuple[Taken, ...]
    copied: Mapping[str, str]
    left_out: tuple[Dropped, ...]
