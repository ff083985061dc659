"""The workers of this process: one for everything, and one with other people's libraries where a file needs it."""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock

from safeload.lean import TYPE_CHECKING, Callable, Final, Iterator
from safeload.parsers.sandbox.process import Readable, Worker

if TYPE_CHECKING:
    from safeload.parsers.facts import Part


class Workers:
    """Both, as one examiner. Thread-safe: the second is replaced when it lacks a kind."""

    def __init__(self, start: Callable[[], Worker] = Worker.start) -> None:
        self.first = start()
        self._second: Worker | None = None
        self._lock = allocate_lock()

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        """`examine` will be called for it, in the order of the announcements."""
        self.first.announce(readable, purpose=purpose)

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        """The parts of one artifact, as `Worker.examine` gives them, with the formats that only a library reads."""
        parts = self.first.examine(readable, name=name, purpose=purpose)
        kinds: frozenset[str] = frozenset()
        # What is inside such a format may need another library in turn: each round knows more kinds than the last.
        while wanted := frozenset(part.needs for part in parts if part.needs) - kinds:
            kinds |= wanted
            with self._lock:
                parts = self._able(kinds).examine(readable, name=name, purpose=purpose)
        return parts

    def __iter__(self) -> Iterator[Worker]:
        return (worker for worker in (self.first, self._second) if worker is not None)

    def close(self) -> None:
        for worker in self:
            worker.close()

    def _able(self, kinds: frozenset[str]) -> Worker:
        second = self._second
        if second is None or not kinds <= second.kinds:
            if second is not None:
                kinds |= second.kinds
                second.close()
            self._second = second = Worker.start(kinds=kinds)
        return second


_lock: Final = allocate_lock()
_shared: dict[int, Workers] = {}


def shared(*, fresh: bool = False, start: Callable[[], Worker] = Worker.start) -> Workers:
    """The workers of this process, started when first asked for. `fresh` replaces them: files of another origin."""
    with _lock:
        pid = os.getpid()
        for other in [key for key in _shared if key != pid]:
            _shared.pop(other).close()  # inherited by fork: the parent's conversation, not ours
        if fresh and pid in _shared:
            _shared.pop(pid).close()
        if pid not in _shared:
            if not _registered:
                atexit.register(_close)
                _registered.append(True)
            _shared[pid] = Workers(start)
        return _shared[pid]


def soon() -> None:
    """Have them started by the time they are wanted: the process gets ready while this one does something else."""
    shared(start=lambda: Worker.start(wait=False))


_registered: list[bool] = []


def kill() -> None:
    """End them without waiting until they are gone: for a process that leaves at once itself."""
    for each in _shared.pop(os.getpid(), ()):
        each.kill()


def _close() -> None:
    worker = _shared.pop(os.getpid(), None)
    if worker is not None:
        worker.close()
