"""A file or folder on this machine."""

from __future__ import annotations

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

    def __init__(self, path: Path) -> None:
        # The name keeps the user's own path; reading goes to what it leads to.
        try:
            self._named = path.expanduser().absolute()
            self._root = self._named.resolve(strict=True)
            self._single = single = not self._root.is_dir()
        except (OSError, RuntimeError, ValueError) as error:
            raise NotFound(f"There is no {path}.", next="Check the path.") from error
        self._cached = cache.around(self._named if not single else self._named.parent)
        commit = self._cached.commit if self._cached is not None else None
        self.origin = Origin(kind=OriginKind.LOCAL, name=str(self._named), revision=commit)
        found = self._file() if single else self._files()
        self._entries = {entry.path: entry for entry in found}

    def _blobs(self) -> tuple[Path, ...]:
        return self._cached.blobs if self._cached is not None else ()

    def _files(self) -> Iterable[folder.Entry]:
        if self._cached is None or not self._root.is_relative_to(self._cached.root):
            return folder.entries(self._root, blobs=self._blobs())
        return self._cached.entries(self._root)

    def _file(self) -> tuple[folder.Entry, ...]:
        name = self._named.name
        if not self._root.is_file():
            return (folder.Entry(path=name, place=None, why="it is not a regular file"),)
        claim = self._cached.claim(self._named) if self._cached is not None else None
        return (folder.Entry(path=name, place=self._root, size=self._root.stat().st_size, claim=claim),)

    def files(self) -> tuple[Artifact, ...]:
        return tuple(Artifact(path=e.path, size=e.size, expected=e.claim) for e in self._entries.values())

    def open(self, path: str) -> Readable:
        return FileReader(self._place(path))

    def cached(self, path: str) -> Path | None:
        entry = self._entries.get(path)
        return self._spelt(path) if entry is not None and entry.place is not None else None

    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        for path in paths:
            self._place(path)
        return {path: self._spelt(path) for path in paths}

    def _spelt(self, path: str) -> Path:
        """As the library will open it, links and all: where one is changed, it opens another file."""
        return self._named if self._single else self._named / path

    def _place(self, path: str) -> Path:
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
