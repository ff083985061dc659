"""All files of one look: each is hashed by a thread of this process, while the worker reads it."""

from __future__ import annotations

from safeload import limits
from safeload.errors import SourceError
from safeload.guard.hold import Hold
from safeload.guard.vault import Held, Remembered
from safeload.lean import TYPE_CHECKING, Final, deque
from safeload.sources.closure import Closure
from safeload.sources.interface import Artifact
from safeload.sources.readable import Readable

if TYPE_CHECKING:
    import threading

    from safeload.guard.sealed import Sealed

_OPEN: Final = 64  # files that wait to be hashed; a process may have few descriptors


class Holds:
    """Opens the artifacts of `closure`. Close it: the thread then ends in the middle of a file.

    The worker's word is not taken for what a file hashes to: it has read hostile bytes.
    """

    def __init__(self, closure: Closure, memo: Remembered | None, seal: Sealed | None = None) -> None:
        self._closure = closure
        self._memo = memo
        self._seal = seal
        self._holds: dict[str, Hold] = {}
        self._failed: SourceError | None = None
        self._queue: deque[Hold] = deque()
        self._wanted: threading.Condition | None = None  # made with the thread: few loads have a large file
        self._thread: threading.Thread | None = None
        self._stopped = False

    def open(self, artifact: Artifact) -> Readable:
        """The bytes of one artifact; where they lie in a file here, that is held. Raises `SourceError`.

        After one that may not be held, no other is opened: `held` raises the reason.
        """
        if self._failed is not None:
            raise self._failed
        path = self._closure.place(artifact)
        if path is None:
            return self._closure.open(artifact)
        worth = artifact.size is None or artifact.size >= limits.REMEMBERED
        try:
            if self._seal is not None:
                hold: Hold = self._seal.hold(path, artifact)
            else:
                hold = Hold(path, expected=artifact.expected, memo=self._memo if worth else None)
        except SourceError as error:
            self._failed = error
            raise
        self._holds[artifact.path] = hold
        if hold.unhashed:
            self._soon(hold)
        return hold

    def held(self) -> dict[str, Held]:
        """What was opened, by artifact path. Raises `SourceError`, `Misbehaved`: nothing of it may be used then."""
        if self._failed is not None:
            raise self._failed
        found = {}
        for path, hold in self._holds.items():
            hold.sha256(wait=True)
            one = hold.held()
            if one is not None:
                found[path] = one
        return found

    def close(self) -> None:
        if self._wanted is None or self._thread is None:
            return
        with self._wanted:
            self._stopped = True
            self._wanted.notify()
        self._thread.join()

    def _soon(self, hold: Hold) -> None:
        if self._wanted is None or self._thread is None:
            import threading

            self._wanted = wanted = threading.Condition()
            self._thread = threading.Thread(target=self._work, args=(wanted,), name="safeload-hash", daemon=True)
            self._thread.start()
        with self._wanted:
            self._queue.append(hold)
            self._wanted.notify()
            first = self._queue[0] if len(self._queue) > _OPEN else None
        if first is not None:
            first.sha256(wait=True)

    def _work(self, wanted: threading.Condition) -> None:
        while True:
            with wanted:
                while not self._queue and not self._stopped:
                    wanted.wait()
                if self._stopped:
                    break
                hold = self._queue.popleft()
            hold.hash(lambda: self._stopped)
        for hold in self._queue:
            hold.hash(lambda: True)  # closes it
