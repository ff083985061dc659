"""A file or folder on this machine."""

from __future__ import annotations

import os

from safeload.errors import NotFound, SourceError
from safeload.lean import TYPE_CHECKING, Iterable, Mapping, Sequence
from safeload.sources import cache, folder
from safeload.sources.files import FileReader
from safeload.sources.interface import About, Artifact, Origin, OriginKind, Progress, Source
from safeload.sources.readable import Readable

if TYPE_CHECKING:
    from pathlib import Path


class LocalSource(Source):
    """`path` names a file or a folder. In a hub client's cache the origin carries the commit."""

    def __init__(self, path: str | Path) -> None:
        # The name keeps the user's own path; reading goes to what it leads to.
        try:
            self._named = absolute(os.path.expanduser(path))  # noqa: PTH111
            self._root = os.path.realpath(self._named, strict=True)
            self._single = single = not os.path.isdir(self._root)  # noqa: PTH112
        except (OSError, ValueError) as error:
            raise NotFound(f"There is no {path}.", next="Check the path.") from error
        self._cached = cache.around(self._named if not single else os.path.dirname(self._named))  # noqa: PTH120
        self._below = os.path.join(self._named, "")  # noqa: PTH118
        commit = self._cached.commit if self._cached is not None else None
        self.origin = Origin(kind=OriginKind.LOCAL, name=self._named, revision=commit)
        found = self._file() if single else self._files()
        self._entries = {entry.path: entry for entry in found}

    def _files(self) -> Iterable[folder.Entry]:
        if self._cached is None or not folder.within(self._root, str(self._cached.root)):
            return folder.entries(self._root, blobs=self._cached.places if self._cached is not None else ())
        return self._cached.entries(_path(self._root))

    def _file(self) -> tuple[folder.Entry, ...]:
        name = os.path.basename(self._named)  # noqa: PTH119
        if not os.path.isfile(self._root):  # noqa: PTH113
            return (folder.Entry(path=name, place=None, why="it is not a regular file"),)
        claim = self._cached.claim(_path(self._named)) if self._cached is not None else None
        size = os.path.getsize(self._root)  # noqa: PTH202
        return (folder.Entry(path=name, place=self._root, size=size, claim=claim),)

    def files(self) -> tuple[Artifact, ...]:
        return tuple(Artifact(path=e.path, size=e.size, expected=e.claim) for e in self._entries.values())

    def open(self, path: str) -> Readable:
        return FileReader(self._place(path))

    def cached(self, path: str) -> Path | None:
        place = self.place(path)
        return _path(place) if place is not None else None

    def place(self, path: str) -> str | None:
        """As the library will open it, links and all: where one is changed, it opens another file."""
        entry = self._entries.get(path)
        if entry is None or entry.place is None:
            return None
        return self._named if self._single else self._below + path

    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        for path in paths:
            self._place(path)
        found = {path: self.cached(path) for path in paths}
        return {path: place for path, place in found.items() if place is not None}

    def _place(self, path: str) -> str:
        entry = self._entries.get(path)
        if entry is None:
            raise NotFound(f"There is no {path} in {self.origin.name}.", next="Check the name.")
        if entry.place is None:
            raise SourceError(
                f"{path} in {self.origin.name} is unreadable: {entry.why}.",
                next="Put the file itself into the folder, and try again.",
            )
        return entry.place

    def about(self) -> About:
        return About(unanswered={"hub": "this is a local file or folder; nobody was asked"})


def absolute(path: str) -> str:
    """Of what the system would open: `..` behind a link leads elsewhere than the text says."""
    folded = os.path.abspath(path)  # noqa: PTH100
    if ".." not in path:
        return folded
    real = os.path.realpath(path)
    return folded if os.path.realpath(folded) == real else real


def _path(place: str) -> Path:
    from pathlib import Path

    return Path(place)
