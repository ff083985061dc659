"""What a loader's scope is given of a source: the names of its files, and a bounded reader of small ones."""

from __future__ import annotations

from safeload import limits
from safeload.errors import SourceError
from safeload.sources.interface import Listing, Source


def listing_of(source: Source) -> Listing:
    """What a loader's scope is given. Its reader raises `SourceError` for a file that is larger than it should be."""
    artifacts = source.files()
    sizes = {artifact.path: artifact.size for artifact in artifacts}
    kept: dict[str, bytes] = {}

    def read(path: str) -> bytes | None:
        if path not in sizes:
            return None
        if path not in kept:
            kept[path] = _small(source, path)
        return kept[path]

    return Listing(origin=source.origin, artifacts=artifacts, read=read)


def _small(source: Source, path: str) -> bytes:
    readable = source.open(path)
    try:
        if readable.size is None or readable.size > limits.SMALL_FILE:
            raise SourceError(
                f"{path} of {source.origin} is larger than {limits.SMALL_FILE // limits.MIB} MiB, "
                "too large for a file that says which others are loaded.",
                next="Look at the repository by hand.",
            )
        return readable.read_at(0, readable.size)
    finally:
        readable.close()
