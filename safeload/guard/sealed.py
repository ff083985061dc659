"""The sealed copies of one load, in a private folder laid out as the snapshots that they came from."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path

from safeload.guard import room
from safeload.guard.copy import Copy
from safeload.guard.sealing import SealedHold
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Mapping
from safeload.sources.cache import folder_of
from safeload.sources.interface import Artifact, Origin, OriginKind, Role, Snapshot
from safeload.sources.names import COMMIT

if TYPE_CHECKING:
    from safeload.guard.vault import Held

_COPIES: Final = "copies"


class Sealed:
    """`hold` copies a file; `lay_out` links the copies; `of` says where a path lies in them; `keep` ends it.

    Libraries tell the commit from `snapshots/<commit>/`, and a model's name from its folder: both are as they were.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="safeload-"))  # of this user alone
        (self.folder / _COPIES).mkdir(mode=0o700)
        self._process = os.getpid()
        self._copies: dict[str, Copy] = {}
        self._links: dict[str, Path] = {}
        self._roots: dict[str, Path] = {}
        self._names: dict[str, str] = {}
        self._count = 0
        self.taken: set[str] = set()
        self._finalizer = weakref.finalize(self, _remove, self.folder, self._process)

    def hold(self, path: str, artifact: Artifact) -> SealedHold:
        """Copy, seal, hash: raises `SourceError`, `Misbehaved`."""
        if artifact.size is not None:
            room.check(artifact.size, self.folder)
        self._count += 1
        place = self.folder / _COPIES / str(self._count)
        held = SealedHold(path, place, expected=artifact.expected)
        if held.copy is not None:
            before, self._copies[artifact.path] = self._copies.get(artifact.path), held.copy
            if before is not None:  # of an earlier look
                before.close()
        return held

    def lay_out(self, snapshot: Snapshot, held: Mapping[str, Held]) -> dict[str, Path]:
        """Where each file that was held is loaded from."""
        for artifact in snapshot.artifacts:
            one = held.get(artifact.path)
            if one is None or one.copy is None:
                continue
            origin = artifact.origin or snapshot.origin
            root = self._root(origin, single=origin.kind is OriginKind.LOCAL and not Path(origin.name).is_dir())
            link = root / artifact.name_in_origin
            link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            link.symlink_to(one.copy.path)
            self._links[artifact.path] = link
        return dict(self._links)

    def _root(self, origin: Origin, *, single: bool) -> Path:
        """The folder that stands for a repository or a folder; a single file lies in one of its own."""
        if origin.kind is OriginKind.HUB:
            return self.folder / folder_of(origin.name) / "snapshots" / str(origin.revision)
        given = Path(origin.name)
        above = "snapshots" if COMMIT.fullmatch(given.name) else "local"
        if single:
            root = self.folder / above
            self._roots[os.path.realpath(given)] = root / given.name
            self._roots[str(given)] = root / given.name
            return root
        root = self.folder / above / given.name
        self._roots[os.path.realpath(given)] = root
        self._roots[str(given)] = root
        self._names[str(root)] = origin.name
        return root

    def of(self, given: Any) -> Any:
        """The copy's place, where `given` is the path of a folder or file that was copied; else `given` itself."""
        if not isinstance(given, (str, os.PathLike)) or not self._roots:
            return given
        text = os.fspath(given)
        if not isinstance(text, str) or not os.path.lexists(text):
            return given
        for spelt in (os.path.abspath(text), os.path.realpath(text)):  # noqa: PTH100
            for root, place in self._roots.items():
                if spelt == root or spelt.startswith(root + os.sep):
                    found = place / spelt[len(root) + 1 :] if spelt != root else place
                    if found.exists():
                        self.take(found)
                        return str(found) if isinstance(given, str) else found
        return given

    def take(self, place: Path) -> None:
        """A library was given the copy at this place, or all below it: it does not read the file itself."""
        self.taken |= {path for path, link in self._links.items() if link == place or place in link.parents}

    def handing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`original`, given copies in place of paths."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return original(*map(self.of, args), **{key: self.of(value) for key, value in kwargs.items()})

        return call

    def named(self, folder: str) -> str | None:
        """The user's own name of a folder of copies, or of one in it."""
        for root, name in self._names.items():
            if folder == root or folder.startswith(root + os.sep):
                return name + folder[len(root) :]
        return None

    # The end of it.

    def release(self, snapshot: Snapshot) -> None:
        """What is mapped stays: without a descriptor the memory is given back with the last tensor in it."""
        for artifact in snapshot.artifacts:
            if artifact.role in (Role.WEIGHTS, Role.FOUND) and artifact.path in self._copies:
                self._links[artifact.path].unlink(missing_ok=True)  # first: the path may soon be another file's
                self._copies.pop(artifact.path).close()

    def close(self) -> None:
        if os.getpid() != self._process:
            return
        self._finalizer()
        for copy in self._copies.values():
            copy.close()
        self._copies.clear()


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a child that was forked
        shutil.rmtree(folder, ignore_errors=True)
