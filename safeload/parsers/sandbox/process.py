"""The parent's side of a worker: hand it one artifact at a time, survive whatever becomes of it."""

from __future__ import annotations

import os
import sys
import threading
from typing import Final

from safeload import limits
from safeload.errors import Malformed, StateError
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.sandbox.rights import Rights
from safeload.parsers.sandbox.running import Ended, Readable, Running, SourceFailed

__all__ = ["Readable", "Worker"]

_AHEAD: Final = 32  # artifacts that are handed over before the first is answered; their descriptors wait in the socket


class Worker:
    """One worker process, replaced by a fresh one after any failure. Thread-safe: one artifact at a time."""

    def __init__(self, *, cpu: float, memory: int, kinds: frozenset[str] = frozenset()) -> None:
        self._cpu = cpu
        self._memory = memory
        self.kinds = kinds
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._pid = os.getpid()
        self._rights = Rights(had=(), missing=())

    @classmethod
    def start(
        cls,
        *,
        cpu: float = limits.WORKER_CPU,
        memory: int = limits.WORKER_MEMORY,
        kinds: frozenset[str] = frozenset(),
        wait: bool = True,
    ) -> Worker:
        """`cpu` in seconds for one artifact, `memory` in bytes of address space. Raises `StateError`.

        `kinds` are those of `parsers.external` that it can read too; only such a worker sees site-packages. Without
        `wait` it gets ready while the caller does something else, and whether it did shows at the first artifact.
        """
        worker = cls(cpu=cpu, memory=memory, kinds=kinds)
        with worker._lock:
            worker._begin()
            if wait:
                worker._greeted()
        return worker

    @property
    def rights(self) -> Rights:
        """What the process gave up, and what this system does not let it give up."""
        return self._rights

    @property
    def pid(self) -> int | None:
        return self._running.process.pid if self._running is not None else None

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        """`examine` will be called for it, after what was announced before: the worker may begin already."""
        size = readable.size
        if size is None or readable.fileno() is None:
            return  # the worker would have to ask for bytes, which nobody answers yet
        with self._lock:
            try:
                running = self._ready()
                if running.waiting() < _AHEAD:
                    running.ask(readable, size=size, cpu=self._cpu, purpose=purpose)
            except Ended:
                self._end()  # `examine` finds out why
            except BaseException:
                self._end()
                raise

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        """The parts of one artifact. `name` is for messages only, `purpose` (`parsers.visit`) what a text is for.

        Raises what `readable.read_at` raises.
        """
        size = readable.size
        if size is None:
            gap = Gap(reason=GapReason.UNREACHABLE, detail=f"the source does not say how long {name!a} is")
            return (Part(format="unknown", gap=gap),)
        with self._lock:
            try:
                running = self._asked(readable, size, purpose)
                return running.answer(readable, size=size, seconds=2 * self._cpu + limits.WORKER_START)
            except Ended as ended:
                self._end()
                return (Part(format="unknown", gap=ended.gap),)
            except SourceFailed as failed:
                raise failed.error from None
            except BaseException:
                # Ctrl-C, or an error of our own: nobody knows where the conversation stands.
                self._end()
                raise

    def _asked(self, readable: Readable, size: int, purpose: str) -> Running:
        """A process that was asked about this artifact, and about nothing before it that is not answered."""
        running = self._ready()
        if running.waiting() and not running.asks(readable):
            self._end()  # another thread's, or an announcement that was not kept
            running = self._ready()
        if not running.waiting():
            running.ask(readable, size=size, cpu=self._cpu, purpose=purpose)
        return running

    def _ready(self) -> Running:
        if self._running is None or self._pid != os.getpid() or self._running.process.poll() is not None:
            self._end()
            self._begin()
        return self._greeted()

    def close(self) -> None:
        """End it. In a forked child this only drops what was inherited: the lock may be held by nobody there."""
        if self._pid != os.getpid():
            self._end()
            return
        with self._lock:
            self._end()

    def _begin(self) -> None:
        try:
            self._running = Running(memory=self._memory, kinds=self.kinds)
        except OSError as error:
            raise _not_started() from error
        self._pid = os.getpid()

    def _greeted(self) -> Running:
        running = self._running
        assert running is not None  # noqa: S101
        try:
            self._rights = running.rights()
        except (Malformed, Ended) as error:
            self._end()
            raise _not_started() from error
        return running

    def _end(self) -> None:
        """Kill it; the next request starts another. A forked child only drops its copy of the socket."""
        running, self._running = self._running, None
        if running is None:
            return
        if self._pid == os.getpid():
            running.end()
        else:
            running.drop()


def _not_started() -> StateError:
    return StateError(
        "The process that reads files did not start.",
        next=f"Check that {sys.executable} runs, and that memory is left.",
    )
