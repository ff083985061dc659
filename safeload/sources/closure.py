"""Which files, in which repositories, one load touches: a walk that asks the loader's scope at every stop."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from safeload import limits
from safeload.errors import Misbehaved, NotFound, SourceError, UsageError
from safeload.sources import imports
from safeload.sources.interface import (
    Artifact,
    Call,
    Listing,
    Origin,
    Progress,
    Readable,
    Role,
    Snapshot,
    Source,
    Wanted,
)

Scope = Callable[[Call, Listing], tuple[Wanted, ...]]

# A file that is wanted twice is judged by the use that can do more.
_STRENGTH = (
    Role.CODE,
    Role.WEIGHTS,
    Role.TARGET,
    Role.FOUND,
    Role.TEMPLATE,
    Role.TOKENIZER,
    Role.CONFIG,
    Role.BESIDE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Everything that a load reaches. `sources` by `str(origin)`; the first is the call's own.

    `missing` are the paths of artifacts that the load would open and that are not there; their size is None.
    """

    snapshot: Snapshot
    sources: Mapping[str, Source]
    missing: frozenset[str]

    def source_of(self, artifact: Artifact) -> Source:
        return self.sources[str(artifact.origin or self.snapshot.origin)]

    def open(self, artifact: Artifact) -> Readable:
        """The bytes of one artifact. Raises `SourceError`."""
        if artifact.path in self.missing:
            raise NotFound(f"There is no {artifact.path} in {self.snapshot.origin}.", next="The load would fail.")
        return self.source_of(artifact).open(artifact.name_in_origin)

    def cached(self, artifact: Artifact) -> Path | None:
        """Where the artifact lies on this machine, or None."""
        if artifact.path in self.missing:
            return None
        return self.source_of(artifact).cached(artifact.name_in_origin)

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


def listing_of(source: Source) -> Listing:
    """What a loader's scope is given: all files of a source, and a bounded reader of small ones."""
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


@dataclass(slots=True)
class _Walk:
    """The state of one walk: what was opened, what was wanted."""

    scope: Scope
    open_other: Callable[[str, str | None], Source]
    root: Source
    sources: dict[str, Source] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    named: dict[tuple[str, str | None], Source] = field(default_factory=dict)
    wanted: dict[tuple[str, str], Role] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)
    waiting: deque[tuple[Call, str]] = field(default_factory=deque)

    def enter(self, source: Source) -> str:
        key = str(source.origin)
        if key not in self.sources:
            if len(self.sources) >= limits.REPOSITORIES:
                raise SourceError(
                    f"This load reaches more than {limits.REPOSITORIES} repositories.",
                    next="Look at the repository by hand.",
                )
            self.sources[key] = source
            self.listings.setdefault(key, listing_of(source))
        return key

    def other(self, want: Wanted, named_by: Origin) -> str:
        name, revision = want.repo or "", want.revision
        if (name, revision) not in self.named:
            try:
                source = self.open_other(name, revision)
            except SourceError as error:
                raise type(error)(f"{error.message} It is named by {named_by}.", next=error.next) from error
            except UsageError as error:
                raise Misbehaved(f"{named_by} names {name!r}, which is no repository.", next=error.next) from error
            if "--" in source.origin.name and source.origin != self.root.origin:
                raise SourceError(
                    f"{named_by} names {source.origin.name!r}, which cannot be told apart from a file's name.",
                    next="Rename that folder so that it has no two dashes in a row.",
                )
            self.named[name, revision] = source
        return self.enter(self.named[name, revision])

    def visit(self, call: Call, key: str) -> None:
        if (key, call.entry) in self.asked:
            return
        self.asked.add((key, call.entry))
        listing = self.listings[key]
        for want in self.scope(call, listing):
            place = key if want.repo is None else self.other(want, listing.origin)
            if want.path == "":
                target = replace(call, target=want.repo or call.target, revision=want.revision)
                self.waiting.append((target, place))
            else:
                self.want(place, want.path, want.role)

    def want(self, key: str, path: str, role: Role) -> None:
        paths = [path]
        if role is Role.CODE:
            listing = self.listings[key]
            paths = list(imports.reached(path, paths=listing.paths, read=listing.read))
        for item in paths:
            before = self.wanted.get((key, item))
            self.wanted[key, item] = role if before is None else min(before, role, key=_STRENGTH.index)


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
    has no size. `listing` is the source's, where it was made before: what it has read is not read again. Raises
    `SourceError` beyond `limits.REPOSITORIES`.
    """
    state = _Walk(scope=scope, open_other=open_other, root=source)
    if listing is not None:
        state.listings[str(source.origin)] = listing
    home = state.enter(source)
    state.waiting.append((call, home))
    while state.waiting:
        state.visit(*state.waiting.popleft())
    artifacts, missing = _reached(state, home)
    return Closure(snapshot=Snapshot.of(source.origin, artifacts), sources=dict(state.sources), missing=missing)


def _reached(state: _Walk, home: str) -> tuple[list[Artifact], frozenset[str]]:
    """What was wanted as artifacts, and the paths of those that are not there."""
    artifacts: dict[str, Artifact] = {}
    missing: set[str] = set()
    there = {key: {a.path: a for a in listing.artifacts} for key, listing in state.listings.items()}
    for (key, path), role in state.wanted.items():
        artifact = replace(there[key].get(path) or Artifact(path=path), role=role)
        if key != home:
            origin = state.sources[key].origin
            artifact = replace(artifact, path=f"{origin.name}--{path}", origin=origin)
        if artifact.path in artifacts:
            # One repository at two commits: the names would be the same, the bytes are not.
            raise SourceError(
                f"This load reaches {artifact.path} at two revisions.", next="Give one revision for model and code."
            )
        if path not in there[key]:
            missing.add(artifact.path)
        artifacts[artifact.path] = artifact
    return list(artifacts.values()), frozenset(missing)
