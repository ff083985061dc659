"""Pickles that are all of an artifact: how long that is and what it hashes to is not for the worker to say."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Mapping, replace
from safeload.sources.readable import Hashed

if TYPE_CHECKING:
    from safeload.parsers.facts import Part, Stream
    from safeload.scanners.interface import Report, Result
    from safeload.sources.interface import Digest
    from safeload.sources.readable import Readable


def located(part: Part, readable: Readable) -> tuple[Stream, ...]:
    """The pickles in it, with length, and with digest if it is known by now."""
    streams = part.pickle.streams if part.pickle is not None else ()
    if part.member or not any(one.whole for one in streams):
        return streams
    sha256 = (readable.sha256(wait=False) if isinstance(readable, Hashed) else None) or ""
    return tuple([one.of(readable.size or 0, sha256) for one in streams])


def hashed(report: Report, digests: Mapping[str, Digest]) -> Report:
    """The same report, when it is known what each artifact hashes to."""

    def told(one: Result) -> Result:
        digest = digests.get(one.location.artifact)
        if digest is None or one.location.member or not any(each.whole and not each.sha256 for each in one.streams):
            return one
        return replace(one, streams=tuple([each.of(each.length, digest.hex) for each in one.streams]))

    snapshot = report.snapshot.with_digests(digests)
    return replace(report, snapshot=snapshot, results=tuple([told(one) for one in report.results]))
