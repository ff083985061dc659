"""Which files, in which repositories, one load touches: a walk that asks the loader's scope at every stop."""

from __future__ import annotations

from safeload.errors import NotFound, SourceError
from safeload.lean import TYPE_CHECKING, Callable, Mapping, field, record, replace
from safeload.sources.interface import Artifact, Call, Listing, Progress, Snapshot, Source
from safeload.sources.listing import listing_of
from safeload.sources.readable import Readable
from safeload.sources.walking import Scope, Walk

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Closure", "listing_of", "walk"]


@record(frozen=True, slots=True, kw_only=True)
class Closure:
    """Everything that a load reaches. `sources` by `str(origin)`; the first is the call's own.

    `missing` are the paths of artifacts that the load would open and that are not there; their size is None. `failures`
    says why, by path, for those of another repository that could not be reached.
    """

    snapshot: Snapshot
    sources: Mapping[str, Source]
    missing: frozenset[str]
    failures: Mapping[str, SourceError] = field(default_factory=dict)

    def source_of(self, artifact: Artifact) -> Source:
        return self.sources[str(artifact.origin or self.snapshot.origin)]

    def open(self, artifact: Artifact) -> Readable:
        """The bytes of one artifact. Raises `SourceError`."""
        failure = self.failures.get(artifact.path)
        if failure is not None:
            raise type(failure)(failure.message, next=failure.next)
        if artifact.path in self.missing:
            raise NotFound(f"There is no {artifact.path} in {self.snapshot.origin}.", next="The load would fail.")
        return self.source_of(artifact).open(artifact.name_in_origin)

    def cached(self, artifact: Artifact) -> Path | None:
        """Where the artifact lies on this machine, or None."""
        if artifact.path in self.missing:
            return None
        return self.source_of(artifact).cached(artifact.name_in_origin)

    def place(self, artifact: Artifact) -> str | None:
        """The same as a text."""
        return None if artifact.path in self.missing else self.source_of(artifact).place(artifact.name_in_origin)

    def fetch(self, progress: Progress) -> Mapping[str, Path]:
        """Bring every artifact that is there to this machine; where each lies, by its path. Raises `SourceError`."""
        found: dict[str, Path] = {}
        for name, source in self.sources.items():
            ours = [
                a
                for a in self.snapshot.artifacts
                if str(a.origin or self.snapshot.origin) == name and a.path not in self.missing
            ]
            places = source.fetch([a.name_in_origin for a in ours], progress)
            found.update({a.path: places[a.name_in_origin] for a in ours if a.name_in_origin in places})
        return found


def walk(
    call: Call,
    source: Source,
    scope: Scope,
    *,
    open_other: Callable[[str, str | None], Source],
    listing: Listing | None = None,
) -> Closure:
    """All files that `call` would open, in `source` and in every repository that it leads to.

    A file of another repository is `other/repo--path`, with that repository's origin. A wanted file that is not there
    has no size, nor has one of another repository that cannot be reached. `listing` is the source's, where it was made
    before: what it has read is not read again. Raises `SourceError` beyond `limits.REPOSITORIES`, and where the source
    itself cannot be read.
    """
    state = Walk(scope=scope, open_other=open_other, root=source)
    if listing is not None:
        state.listings[str(source.origin)] = listing
    home = state.enter(source)
    state.waiting.append((call, home))
    while state.waiting:
        state.visit(*state.waiting.pop(0))
    return _reached(state, home)


def _reached(state: Walk, home: str) -> Closure:
    """What was wanted as artifacts, and the paths of those that are not there."""
    artifacts: dict[str, Artifact] = {}
    missing: set[str] = set()
    failures: dict[str, SourceError] = {}
    there = {key: {a.path: a for a in listing.artifacts} for key, listing in state.listings.items()}
    for (key, path), role in state.wanted.items():
        failure = state.failures.get((key, path))
        known = there.get(key, {}).get(path) if failure is None else None
        artifact = replace(known or Artifact(path=path), role=role)
        if key != home:
            origin = state.origins[key]
            name = origin.name if key in state.sources else str(origin)
            artifact = replace(artifact, path=f"{name}--{path}", origin=origin)
        if artifact.path in artifacts:
            # One repository at two commits: the names would be the same, the bytes are not.
            raise SourceError(
                f"This load reaches {artifact.path} at two revisions.", next="Give one revision for model and code."
            )
        if known is None:
            missing.add(artifact.path)
        if failure is not None:
            failures[artifact.path] = failure
        artifacts[artifact.path] = artifact
    return Closure(
        snapshot=Snapshot.of(state.root.origin, artifacts.values()),
        sources=dict(state.sources),
        missing=frozenset(missing),
        failures=failures,
    )
