"""The bytes that were decided on are the bytes that are loaded.

`standard`: a file is opened once, must belong to this user, is read and hashed through that descriptor, compared with
what the hub announced, and must be the same file, unchanged, after it was looked at and after the load. Overwriting a
mapped file later is not covered: see docs/guard.md.
"""

from __future__ import annotations

import os
import stat

from safeload.errors import Changed, Misbehaved, SourceError
from safeload.lean import TYPE_CHECKING, Iterable, Mapping, Protocol, record
from safeload.sources.interface import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.guard.copy import Copy


@record(frozen=True, slots=True, kw_only=True)
class Identity:
    """One version of one file, as the file system tells it; times in nanoseconds, size in bytes."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        return cls(
            device=status.st_dev,
            inode=status.st_ino,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )

    @property
    def key(self) -> tuple[int, int, int, int, int]:
        return (self.device, self.inode, self.size, self.mtime_ns, self.ctime_ns)


@record(frozen=True, slots=True, kw_only=True)
class Held:
    """A file that was hashed: where it lies, which version it was, what its bytes hash to. `link` is what led to it."""

    place: str
    identity: Identity
    digest: Digest
    link: Identity | None = None
    copy: Copy | None = None  # sealed: what was looked at, and is loaded instead of the file

    @property
    def path(self) -> Path:
        from pathlib import Path

        return Path(self.place)


class Remembered(Protocol):
    """Digests of files that did not change since they were hashed, by identity."""

    def digest(self, key: tuple[int, int, int, int, int]) -> str | None: ...

    def remember_digest(self, key: tuple[int, int, int, int, int], sha256: str) -> None: ...


def recheck(held: Iterable[Held]) -> None:
    """Every file is still the one that was hashed. Raises `Changed`; then nothing of the load may be used."""
    for item in held:
        try:
            now = Identity.of(os.stat(item.place))  # noqa: PTH116
            link = link_at(item.place)
        except OSError as error:
            raise Changed(f"{item.place} was there, and is gone after the load.", next=_AGAIN) from error
        # A link that led elsewhere and was put back is another link, or has another time of change.
        if now != item.identity or link != item.link:
            raise Changed(f"{item.place} changed while it was being loaded.", next=_AGAIN)


def link_at(place: str) -> Identity | None:
    """The link that lies there; None for a file."""
    status = os.lstat(place)
    return Identity.of(status) if stat.S_ISLNK(status.st_mode) else None


_AGAIN = "What was loaded was thrown away. Find out what writes to this file, then load again."


def check_regular(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(f"{path} is not a regular file.", next="Give the path of a file.")


def check_keeper(path: str, status: os.stat_result) -> None:
    """Nobody but this user and root can write it."""
    check_regular(path, status)
    if not hasattr(os, "getuid"):
        return
    if status.st_uid not in (os.getuid(), 0):
        raise SourceError(
            f"{path} belongs to another user, who could change it after it was looked at.",
            next="Copy it to a folder of your own, or load sealed copies (policy `strict`).",
        )
    if status.st_mode & stat.S_IWOTH:
        raise SourceError(
            f"{path} can be written by every user of this machine.",
            next=f"chmod o-w {path}",
        )


def not_announced(path: str, expected: Digest, found: Digest) -> Misbehaved:
    name = os.path.basename(path)  # noqa: PTH119
    error = Misbehaved(
        f"{name} is not the file that the hub announced: expected {expected}, found {found}.",
        next=f"Delete {path} and download it again. If it repeats, the server or its mirror serves other bytes.",
    )
    error.file = path
    return error


def changed(path: str) -> Changed:
    return Changed(f"{path} changed while it was being read.", next="Wait until it is complete, then load again.")


def unreadable(path: str, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read ({error.strerror}).", next="Check the file's permissions.")


def no_room(path: str, error: OSError) -> SourceError:
    return SourceError(
        f"There is no room for a sealed copy of {path} ({error.strerror}).",
        next="Load a smaller model, or under a policy with `sealed = false` ([bytes]).",
    )


def digests(held: Mapping[str, Held]) -> dict[str, Digest]:
    return {path: item.digest for path, item in held.items()}
