"""One file, opened once: what is looked at is what was hashed."""

from __future__ import annotations

import os
import time

from safeload import lean, limits
from safeload.errors import Misbehaved
from safeload.guard.vault import (
    Held,
    Identity,
    Remembered,
    changed,
    check_keeper,
    link_at,
    not_announced,
    unreadable,
)
from safeload.lean import TYPE_CHECKING, Any, Callable, Final
from safeload.sources.interface import Digest
from safeload.sources.readable import Hashed

if TYPE_CHECKING:
    from hashlib import _Hash as Hash
    from pathlib import Path

_PIECE: Final = limits.MIB  # stays in a processor's cache from reading to hashing
_TICK: Final = 20_000_000  # nanoseconds; after so long the kernel's clock for files has gone on
_BLOCK: Final = 512  # bytes, as `st_blocks` counts
_SPARSE: Final = 16  # times longer than what is stored of it; compressed file systems stay far below, with weights


class Hold(Hashed):
    """One file, opened once, to be looked at and hashed through the same descriptor.

    A small one is read at once: `whole` are the bytes that were hashed. A larger one is hashed by `hash`, in whatever
    thread, while somebody reads it who then calls `close`. `held` tells what it was, after both.
    """

    def __init__(self, path: str | Path, *, expected: Digest | None = None, memo: Remembered | None = None) -> None:
        self.path = os.fspath(path)
        self._expected = expected
        self._memo: Remembered | None = None
        self._sha256: str | None = None
        self._error: Exception | None = None
        self.whole: bytes | None = None
        self.unheld = ""
        self.unhashed = False  # somebody is to call `hash`
        self._descriptor = -1
        try:
            self._link = link_at(self.path)
            self._descriptor = os.open(path, _FLAGS)
            self._start(os.fstat(self._descriptor), memo)
        except OSError as error:
            self._shut()
            raise unreadable(self.path, error) from error
        except BaseException:
            self._shut()
            raise

    def _start(self, status: os.stat_result, memo: Remembered | None) -> None:
        self.check(status)
        self.size: int | None = status.st_size
        if status.st_size <= limits.WHOLE:
            self._read_whole(status)
            return
        import threading

        status = _settled(self._descriptor, status)
        self.size = status.st_size
        self.identity = Identity.of(status)
        self._lock = threading.Lock()
        self._hashed = threading.Event()
        self._left = 1  # whoever reads it
        self.unheld = _holes(status)
        if self._expected is None or self._expected.algorithm == "sha256":
            self._sha256 = memo.digest(self.identity.key) if memo is not None else None
        if self._sha256 is None and not self.unheld:
            self._memo = memo
            self.unhashed = True
            self._left = 2  # and whoever hashes it

    def check(self, status: os.stat_result) -> None:
        check_keeper(self.path, status)

    def _read_whole(self, status: os.stat_result) -> None:
        whole = os.read(self._descriptor, status.st_size + 1)
        self.identity = Identity.of(status)
        if len(whole) != status.st_size or Identity.of(os.fstat(self._descriptor)) != self.identity:
            raise changed(self.path)
        self._shut()
        hashing = _Hashing(status.st_size, self._expected)
        hashing.update(whole)
        self._sha256 = hashing.sha256.hexdigest()
        self._error = hashing.misbehaved(self.path)
        self.whole = whole

    def hash(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Never raises: `held` does."""
        hashing = _Hashing(self.identity.size, self._expected)
        buffer = bytearray(_PIECE)
        view = memoryview(buffer)
        done = 0
        try:
            while not stopped():
                n = os.preadv(self._descriptor, [buffer], done)
                hashing.update(view[:n])
                self.taken(view[:n])
                done += n
                if n == 0:
                    break
            if done != self.identity.size:
                self._error = changed(self.path)
            else:
                self._error = hashing.misbehaved(self.path)
                self._sha256 = hashing.sha256.hexdigest()
        except OSError as error:
            self._error = unreadable(self.path, error)
        self._done()
        self._hashed.set()

    def taken(self, piece: memoryview) -> None:
        """What was hashed just now, in order."""

    def sha256(self, *, wait: bool) -> str | None:
        """What it hashes to, unless that failed, or is not known yet. Nothing is decided by it before `held`."""
        if wait and self.unhashed:
            self._hashed.wait()
        return self._sha256

    def close(self) -> None:
        """Whoever reads it has done so."""
        if self.whole is None:
            self._done()

    def _done(self) -> None:
        """The last to need the descriptor looks whether the file is what it was, and closes it."""
        with self._lock:
            self._left -= 1
            if self._left or self._descriptor < 0:
                return
            if Identity.of(os.fstat(self._descriptor)) != self.identity:
                self._error = self._error or changed(self.path)
            self._shut()

    def _shut(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def fileno(self) -> int | None:
        return self._descriptor if self._descriptor >= 0 else None

    def read_at(self, offset: int, n: int) -> bytes:
        if self.whole is not None:
            return self.whole[offset : offset + n]
        return os.pread(self._descriptor, n, offset)

    def held(self) -> Held | None:
        """The version of the file that was read and hashed; None where it was not hashed (`unheld`).

        Raises `SourceError` when it did not stay what it was, `Misbehaved` when it is not what was announced.
        """
        if self._error is not None:
            raise self._error
        if self.unheld:
            return None
        if self._descriptor >= 0 or self._sha256 is None:
            raise changed(self.path)  # nobody knows: it was not read to its end
        digest = Digest(algorithm="sha256", hex=self._sha256)
        if self._expected is not None and self._expected.algorithm == "sha256" and self._expected != digest:
            raise not_announced(self.path, self._expected, digest)
        if self._memo is not None:
            self._memo.remember_digest(self.identity.key, self._sha256)
        return Held(place=self.path, identity=self.identity, digest=digest, link=self._link)


def hold(path: Path, *, expected: Digest | None = None, memo: Remembered | None = None) -> Held | None:
    """Hash the file, or remember its hash; compare it with what the source announced. None where it is mostly holes.

    Raises `SourceError` when it cannot be trusted to stay what it is, `Misbehaved` when it is not what was announced.
    """
    one = Hold(path, expected=expected, memo=memo)
    if one.unhashed:
        one.hash()
    one.close()
    return one.held()


# A FIFO would otherwise wait for a writer for ever.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def _sha256(size: int) -> Hash:
    if size <= limits.WHOLE:
        return lean.sha256()
    import hashlib

    return hashlib.sha256()


class _Hashing:
    """Our SHA-256, and git's SHA-1 where that is what was announced."""

    def __init__(self, size: int, expected: Digest | None) -> None:
        self.sha256 = _sha256(size)
        self._expected = expected
        self._git: Any = None
        if expected is not None and expected.algorithm == "git-sha1":
            # Git's blob id: a name for the bytes, not proof against an attacker; our own SHA-256 is what is decided on.
            import hashlib

            self._git = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        self.sha256.update(data)
        if self._git is not None:
            self._git.update(data)

    def misbehaved(self, path: str) -> Misbehaved | None:
        if self._git is None or self._expected is None or self._git.hexdigest() == self._expected.hex:
            return None
        return not_announced(path, self._expected, Digest(algorithm="git-sha1", hex=self._git.hexdigest()))


def _settled(descriptor: int, status: os.stat_result) -> os.stat_result:
    """A write within one tick of the clock leaves the times as they are: wait until any write would change them."""
    age = time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns)
    if not 0 <= age < _TICK:
        return status
    time.sleep((_TICK - age) / 1e9)
    return os.fstat(descriptor)


def _holes(status: os.stat_result) -> str:
    """Why it is not hashed: there is nearly nothing in it, and hashing that takes minutes."""
    stored = getattr(status, "st_blocks", status.st_size) * _BLOCK
    if status.st_size - stored <= limits.HOLES or stored * _SPARSE >= status.st_size:
        return ""
    return f"of its {status.st_size:,} bytes only {stored:,} are stored, the rest is holes, and was not hashed"
