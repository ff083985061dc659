"""The state of one walk through repositories: what was opened, what was wanted, what could not be reached."""

from __future__ import annotations

from safeload import limits
from safeload.errors import Misbehaved, SourceError, UsageError
from safeload.lean import Callable, field, record, replace
from safeload.sources.interface import Call, Listing, Origin, OriginKind, Role, Source, Wanted
from safeload.sources.listing import listing_of

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

_ANY = "*"  # of a repository that cannot be reached: nobody knows which of its files the load would open


@record(slots=True)
class Walk:
    """What `closure.walk` asks at every stop. `failures` are files of other repositories that could not be read."""

    scope: Scope
    open_other: Callable[[str, str | None], Source]
    root: Source
    sources: dict[str, Source] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    failed: dict[tuple[str, str | None], SourceError] = field(default_factory=dict)
    failures: dict[tuple[str, str], SourceError] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    named: dict[tuple[str, str | None], Source] = field(default_factory=dict)
    wanted: dict[tuple[str, str], Role] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)
    waiting: list[tuple[Call, str]] = field(default_factory=list)

    def enter(self, source: Source) -> str:
        key = str(source.origin)
        if key not in self.sources:
            self.room()
            self.listing(source)
            self.sources[key] = source
            self.origins[key] = source.origin
        return key

    def listing(self, source: Source) -> None:
        if str(source.origin) not in self.listings:
            self.listings[str(source.origin)] = listing_of(source)

    def room(self) -> None:
        """Is there room for one more repository? One that cannot be reached costs requests, too."""
        if len(self.sources) + len(self.failed) >= limits.REPOSITORIES:
            raise SourceError(
                f"This load reaches more than {limits.REPOSITORIES} repositories.",
                next="Look at the repository by hand.",
            )

    def other(self, want: Wanted, named_by: Origin) -> str | None:
        """The repository that a file belongs to; None where it cannot be reached, which is then a gap of that file."""
        named = name, revision = want.repo or "", want.revision
        if named not in self.named and named not in self.failed:
            try:
                self.named[named] = self.open_other(name, revision)
                self.listing(self.named[named])
            except SourceError as error:
                self.lose(named, type(error)(f"{error.message} It is named by {named_by}.", next=error.next))
            except UsageError as error:
                message = f"{named_by} names {_cut(name)!r}, which is no repository."
                self.lose(named, Misbehaved(message, next=error.next))
        if named in self.failed:
            origin = Origin(kind=OriginKind.HUB, name=_cut(name), revision=_cut(revision) if revision else None)
            self.origins.setdefault(f"?{origin}", origin)
            self.fail(f"?{origin}", want.path, want.role, self.failed[named])
            return None
        source = self.named[named]
        if "--" in source.origin.name and source.origin != self.root.origin:
            raise SourceError(
                f"{named_by} names {source.origin.name!r}, which cannot be told apart from a file's name.",
                next="Rename that folder so that it has no two dashes in a row.",
            )
        return self.enter(source)

    def lose(self, named: tuple[str, str | None], error: SourceError) -> None:
        self.room()
        self.failed[named] = error

    def fail(self, key: str, path: str, role: Role, error: SourceError) -> None:
        """A file, or a repository from which nobody knows what is wanted, that could not be read."""
        self.add(key, path or _ANY, role)
        self.failures[key, path or _ANY] = error

    def visit(self, call: Call, key: str) -> None:
        if (key, call.entry) in self.asked:
            return
        self.asked.add((key, call.entry))
        listing = self.listings[key]
        try:
            wants = self.scope(call, listing)
        except SourceError as error:
            if listing.origin == self.root.origin:
                raise
            self.fail(key, "", Role.CONFIG, error)
            return
        for want in wants:
            place = key if want.repo is None else self.other(want, listing.origin)
            if place is None:
                continue
            if want.path == "":
                entry = want.entry or call.entry
                target = replace(call, target=want.repo or call.target, revision=want.revision, entry=entry)
                self.waiting.append((target, place))
            else:
                self.want(place, want.path, want.role)

    def want(self, key: str, path: str, role: Role) -> None:
        paths = [path]
        if role is Role.CODE:
            from safeload.sources import imports

            listing = self.listings[key]
            try:
                paths = list(imports.reached(path, paths=listing.paths, read=listing.read))
            except SourceError as error:
                if listing.origin == self.root.origin:
                    raise
                self.fail(key, path, role, error)
                return
        for item in paths:
            self.add(key, item, role)

    def add(self, key: str, path: str, role: Role) -> None:
        before = self.wanted.get((key, path))
        self.wanted[key, path] = role if before is None else min(before, role, key=_STRENGTH.index)


def _cut(name: str) -> str:
    """What is no repository's name may be of any length."""
    return name[: limits.EVIDENCE]
