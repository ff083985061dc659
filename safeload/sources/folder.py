"""The files of a folder, without following links out of it."""

from __future__ import annotations

import os
import stat

from safeload import limits
from safeload.errors import SourceError
from safeload.lean import Iterator, Sequence, record
from safeload.sources.interface import Digest
from safeload.sources.names import COMMIT, SHA256

# Places are plain texts here: a path object takes longer than the file that it names, and longer to import.
# What tools leave beside a model: never opened by a load.
_SKIPPED = frozenset({".git", ".cache", "__pycache__", ".ipynb_checkpoints"})


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a folder. `place` is None for what cannot be read (`why`): a link out, a pipe, a device."""

    path: str
    place: str | None
    size: int | None = None
    why: str = ""
    claim: Digest | None = None


def entries(root: str, *, blobs: Sequence[str] = ()) -> Iterator[Entry]:
    """Every file below `root` in name order. Links may lead into `root` and into `blobs` only.

    Raises `SourceError` when the folder cannot be listed or holds more than `limits.FILES`.
    """
    count = 0
    waiting = [(root, "")]
    while waiting:
        folder, above = waiting.pop()
        below = os.path.join(folder, "")  # noqa: PTH118
        for name in _listed(folder):
            place = below + name
            status = _status(place)
            if status is not None and stat.S_ISDIR(status.st_mode):
                if name not in _SKIPPED:
                    waiting.append((place, f"{above}{name}/"))
                continue
            count += 1
            if count > limits.FILES:
                raise SourceError(f"{root} holds more than {limits.FILES:,} files.", next="Give a smaller folder.")
            yield _entry(root, place, status, blobs, path=above + name)


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError as error:
        raise SourceError(
            f"The folder {folder} cannot be listed ({error.strerror}).", next="Check its permissions."
        ) from error


def _status(place: str) -> os.stat_result | None:
    """None for what is gone since it was listed, or lies in a folder that may be listed and not entered."""
    try:
        return os.lstat(place)
    except OSError:
        return None


def _entry(root: str, place: str, status: os.stat_result | None, blobs: Sequence[str], *, path: str) -> Entry:
    if status is None:
        return Entry(path=path, place=None, why="it cannot be looked at")
    claim = None
    real = place
    if stat.S_ISLNK(status.st_mode):
        try:
            claim = claimed(place, blobs)
            real = os.path.realpath(place, strict=True)
            status = os.stat(real)  # noqa: PTH116
        except OSError:
            return Entry(path=path, place=None, why="it is a link that leads nowhere")
        if not any(within(real, folder) for folder in (root, *blobs)):
            return Entry(path=path, place=None, why="it is a link that leaves the folder")
    if not stat.S_ISREG(status.st_mode):
        return Entry(path=path, place=None, why="it is not a regular file")
    return Entry(path=path, place=real, size=status.st_size, claim=claim)


def within(place: str, folder: str) -> bool:
    """Does `place` lie in `folder`, or is it that? Both without links and dots."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def claimed(link: str, blobs: Sequence[str]) -> Digest | None:
    """What the name of a blob in the hub client's cache says: SHA-256 for large files, else git's SHA-1."""
    target = os.path.join(os.path.dirname(link), os.readlink(link))  # noqa: PTH115, PTH118, PTH120
    folder, name = os.path.split(os.path.normpath(target))
    if folder not in blobs:
        return None
    if SHA256.fullmatch(name):
        return Digest(algorithm="sha256", hex=name)
    if COMMIT.fullmatch(name):
        return Digest(algorithm="git-sha1", hex=name)
    return None
