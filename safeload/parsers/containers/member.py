"""A member of an artifact, by the way to it through containers."""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, Iterator, Sequence
from safeload.parsers import formats
from safeload.parsers.containers import inflate, tar, zip

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Budget

_HEAD: Final = 512


def contents(reader: Reader, way: Sequence[str], budget: Budget) -> Iterator[Reader]:
    """Every member of these names, since several may have one name; `content` is what a compressed file holds.

    Only what the standard library undoes. Raises `Malformed`.
    """
    if not way:
        yield reader
        return
    if len(way) > limits.ARCHIVE_DEPTH:
        raise Malformed("too many archives within archives")
    name, *rest = way
    if zip.end_of(reader) >= 0:
        found = zip.directory(reader)
        for entry in (entry for entry in found.entries if entry.name == name):
            yield from contents(zip.content(reader, found, entry, budget.inflate), rest, budget)
    if tar.looks_right(reader.upto(0, _HEAD)):
        for member in (entry for entry in tar.directory(reader).entries if entry.name == name and entry.regular):
            yield from contents(tar.content(reader, member), rest, budget)
    if name == "content":
        for content in unpacked(reader, budget):
            yield from contents(content, rest, budget)


def unpacked(reader: Reader, budget: Budget) -> Iterator[Reader]:
    """What joblib and pandas undo on the way."""
    for kind in formats.identify(reader):
        if kind in formats.COMPRESSED:
            yield inflate.undone(reader, kind, budget.inflate)
