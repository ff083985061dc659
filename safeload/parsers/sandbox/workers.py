"""The workers of this process: one for what most files are, one for everything, one with other people's libraries."""

from __future__ import annotations

import atexit
import os
from _thread import allocate_lock

from safeload.lean import TYPE_CHECKING, Callable, Final, Iterable, Iterator
from safeload.parsers import tiers
from safeload.parsers.sandbox.process import Readable, Worker

if TYPE_CHECKING:
    from safeload.parsers.facts import Part

_LIGHT: Final = (b"\x80", b"PK\x03\x04")  # pickles, torch's archives


class Workers:
    """All of them, as one examiner. Thread-safe: the third is replaced when it lacks a kind.

    Which one is asked first is a guess by the first bytes, for speed. Whether it reads a file is for the worker to
    say, by the same identification; what it does not read is examined again, whole, by the next.
    """

    def __init__(self, start: Callable[..., Worker] = Worker.start) -> None:
        self._make = start
        self._light: Worker | None = None
        self._full: Worker | None = None
        self._other: Worker | None = None
        self._start = allocate_lock()
        self._lock = allocate_lock()

    @property
    def first(self) -> Worker:
        """Started when it is asked for."""
        return self.begin(wait=True)

    def begin(self, *, light: bool = True, wait: bool = False) -> Worker:
        """Have one started. Without `wait` it gets ready while this process does something else."""
        with self._start:
            if light:
                self._light = self._light or self._make(light=True, wait=wait)
                return self._light
            self._full = self._full or self._make(wait=wait)
            return self._full

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        """`examine` will be called for it, in the order of the announcements."""
        self.begin(light=_light(readable, purpose)).announce(readable, purpose=purpose)

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        """The parts of one artifact, as `Worker.examine` gives them, with the formats that only a library reads."""
        light = _light(readable, purpose)
        parts = self.begin(light=light).examine(readable, name=name, purpose=purpose)
        if light and any(part.needs == tiers.READING for part in parts):
            parts = self.begin(light=False).examine(readable, name=name, purpose=purpose, aside=True)
        kinds: frozenset[str] = frozenset()
        # What is inside such a format may need another library in turn: each round knows more kinds than the last.
        while wanted := frozenset(part.needs for part in parts if part.needs) - kinds - {tiers.READING}:
            kinds |= wanted
            with self._lock:
                parts = self._able(kinds).examine(readable, name=name, purpose=purpose)
        return parts

    def __iter__(self) -> Iterator[Worker]:
        return (worker for worker in (self._light, self._full, self._other) if worker is not None)

    def close(self) -> None:
        for worker in self:
            worker.close()

    def _able(self, kinds: frozenset[str]) -> Worker:
        other = self._other
        if other is None or not kinds <= other.kinds:
            if other is not None:
                kinds |= other.kinds
                other.close()
            self._other = other = self._make(kinds=kinds)
        return other


def _light(readable: Readable, purpose: str) -> bool:
    """Whether the first worker is likely to read it. A file that is not here is not read twice."""
    whole: bytes | None = getattr(readable, "whole", None)
    if purpose or (whole is None and readable.fileno() is None):
        return False
    return (whole if whole is not None else _start(readable)).startswith(_LIGHT)


def _start(readable: Readable) -> bytes:
    number = readable.fileno()
    try:
        return os.pread(number, 4, 0) if number is not None else b""
    except OSError:
        return b""  # whoever reads it will say why it cannot be


_lock: Final = allocate_lock()
_shared: dict[int, Workers] = {}


def shared(*, fresh: bool = False) -> Workers:
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
            _shared[pid] = Workers()
        return _shared[pid]


def soon(names: Iterable[str]) -> None:
    """Start what files of these names are likely to need: it gets ready while this process does something else."""
    kinds = {name.lower().endswith(_PICKLED) for name in names}
    for light in kinds or {True}:
        shared().begin(light=light)


_PICKLED: Final = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".p")
_registered: list[bool] = []


def kill() -> None:
    """End them without waiting until they are gone: for a process that leaves at once itself."""
    for each in _shared.pop(os.getpid(), ()):
        each.kill()


def _close() -> None:
    worker = _shared.pop(os.getpid(), None)
    if worker is not None:
        worker.close()
