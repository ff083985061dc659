"""What the hub client's cache holds of a repository, by commit."""

from __future__ import annotations

import os

from safeload.lean import TYPE_CHECKING, Iterable, record, replace
from safeload.sources import folder, trees
from safeload.sources.interface import Artifact, Digest
from safeload.sources.names import COMMIT, contained, kind_of

if TYPE_CHECKING:
    from pathlib import Path

_REF_BYTES = 64
_KINDS = ("models--", "datasets--", "spaces--", "kernels--")


@record(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One commit's folder in the cache. `root` is resolved; `blobs` are the folders its links may lead to."""

    root: Path
    commit: str
    blobs: tuple[Path, ...]

    @property
    def places(self) -> tuple[str, ...]:
        return tuple(str(blobs) for blobs in self.blobs)

    def entries(self, root: Path | None = None) -> Iterable[folder.Entry]:
        """Every file, or those below `root`, each with what the hub said of it, else what its blob's name says."""
        root = root or self.root
        above = root.relative_to(self.root).as_posix() + "/" if root != self.root else ""
        said = trees.claims(self.root.parent.parent, self.commit)
        for entry in folder.entries(str(root), blobs=self.places):
            claim = said.get(above + entry.path)
            yield replace(entry, claim=claim) if claim is not None else entry

    def claim(self, place: Path) -> Digest | None:
        """What the file at `place` should hash to."""
        path = place.parent.resolve() / place.name
        if not path.is_relative_to(self.root):
            return None
        said = trees.claims(self.root.parent.parent, self.commit).get(path.relative_to(self.root).as_posix())
        return said or (folder.claimed(str(path), self.places) if path.is_symlink() else None)


def default_root() -> Path:
    from pathlib import Path

    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser()


def commit_of(root: Path, name: str, revision: str | None) -> str | None:
    """The commit that the cache last saw under this revision, without any request."""
    place = root / folder_of(name)
    wanted = revision or "main"
    if COMMIT.fullmatch(wanted):
        return wanted if (place / "snapshots" / wanted).is_dir() else None
    if not contained(wanted):
        return None
    try:
        with (place / "refs" / wanted).open("r", encoding="ascii") as file:
            commit = file.read(_REF_BYTES).strip()
    except (OSError, ValueError):
        return None
    return commit if COMMIT.fullmatch(commit) and (place / "snapshots" / commit).is_dir() else None


def remember(root: Path, name: str, revision: str, commit: str) -> None:
    """Note which commit a branch named, in the client's own place. A cache that cannot be written stays as it is."""
    if not contained(revision) or not (root / folder_of(name) / "snapshots" / commit).is_dir():
        return
    place = root / folder_of(name) / "refs" / revision
    try:
        if place.is_file() and place.read_text("ascii").strip() == commit:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        part.write_text(commit, "ascii")
        part.replace(place)
    except (OSError, ValueError):
        return


def snapshot(root: Path, name: str, commit: str) -> Snapshot | None:
    return around(root / folder_of(name) / "snapshots" / commit)


def around(path: str | Path) -> Snapshot | None:
    """The snapshot that `path` lies in or is, if it is one of a hub client's cache."""
    resolved = os.path.realpath(path)
    if "snapshots" not in resolved:
        return None
    from pathlib import Path

    real = Path(resolved)
    for place in (real, *real.parents):
        home = place.parent.parent
        if COMMIT.fullmatch(place.name) and place.parent.name == "snapshots" and home.name.startswith(_KINDS):
            # Xet keeps blobs of all repositories in one store beside them; a repository's blob may be a link into it.
            return Snapshot(root=place, commit=place.name, blobs=(home / "blobs", home.parent / "blobs"))
    return None


def artifacts(found: Snapshot) -> tuple[Artifact, ...]:
    return tuple(Artifact(path=entry.path, size=entry.size, expected=entry.claim) for entry in found.entries())


def folder_of(name: str) -> str:
    """The name of a repository's folder in the cache."""
    kind, plain = kind_of(name)
    return f"{kind}s--" + plain.replace("/", "--")
