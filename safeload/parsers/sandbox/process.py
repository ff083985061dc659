"""The parent's side of a worker: hand it one artifact at a time, survive whatever becomes of it."""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock
from itertools import islice, takewhile

from safeload import limits
from safeload.errors import Malformed, StateError
from safeload.lean import Final, deque
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.sandbox.rights import Rights
from safeload.parsers.sandbox.running import Asked, Ended, Readable, Running, SourceFailed

__all__ = ["Readable", "Worker"]

_DESCRIPTORS: Final = 32  # artifacts that are handed over before the first is answered; theirs wait in the socket
_FILES: Final = 128  # the same, of artifacts that are sent whole
_BATCH: Final = 32  # files of one message


class Worker:
    """One worker process, replaced by a fresh one after any failure. Thread-safe: one artifact at a time.

    Small files are sent many in one message. Each is answered by itself, at once and in its turn, so a file that takes
    the worker over can lie about itself and about what comes after it in the session, and never about what came before.
    What fails in company is asked about again alone, in a fresh process: no file's gap is another one's fault.
    """

    def __init__(self, *, cpu: float, memory: int, kinds: frozenset[str] = frozenset(), light: bool = False) -> None:
        self._cpu = cpu
        self._memory = memory
        self.kinds = kinds
        self._light = light
        self._lock = allocate_lock()
        self._running: Running | None = None
        self._waiting: deque[Asked] = deque()  # announced, and not sent
        self._early: deque[tuple[Readable, tuple[Part, ...]]] = deque()  # answered before they were asked for
        self._pid = os.getpid()
        self._rights = Rights(had=(), missing=())

    @classmethod
    def start(
        cls,
        *,
        cpu: float = limits.WORKER_CPU,
        memory: int = limits.WORKER_MEMORY,
        kinds: frozenset[str] = frozenset(),
        light: bool = False,
        wait: bool = True,
    ) -> Worker:
        """`cpu` in seconds for one artifact, `memory` in bytes of address space. Raises `StateError`.

        `kinds` are those of `parsers.external` that it can read too; only such a worker sees site-packages. A `light`
        one reads what most files are, and says so of others (`parsers.tiers`). Without `wait` it gets ready while the
        caller does something else, and whether it did shows at the first artifact.
        """
        worker = cls(cpu=cpu, memory=memory, kinds=kinds, light=light)
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
        if size is None:
            return
        asked = Asked.about(readable, size=size, purpose=purpose)
        if asked.whole is None and readable.fileno() is None:
            return  # the worker would have to ask for bytes, which nobody answers yet
        with self._lock:
            self._waiting.append(asked)
            if len(self._waiting) >= _BATCH or asked.whole is None:
                try:
                    self._hand_over(self._ready())
                except Ended:
                    self._again()  # `examine` finds out why
                except BaseException:
                    self._forget()
                    raise

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "", aside: bool = False) -> tuple[Part, ...]:
        """The parts of one artifact. `name` is for messages only, `purpose` (`parsers.visit`) what a text is for.

        `aside`: out of turn; what was announced is answered before it, and kept until it is asked for. Raises what
        `readable.read_at` raises.
        """
        size = readable.size
        if size is None:
            gap = Gap(reason=GapReason.UNREACHABLE, detail=f"the source does not say how long {name!a} is")
            return (Part(format="unknown", gap=gap),)
        with self._lock:
            try:
                if aside:
                    self._drain()
                elif (parts := self._kept(readable)) is not None:
                    return parts
                return self._answered(self._turn(readable, size, purpose))
            except SourceFailed as failed:
                raise failed.error from None
            except BaseException:
                # Ctrl-C, or an error of our own: nobody knows where the conversation stands.
                self._forget()
                raise

    def _drain(self) -> None:
        while (self._running is not None and self._running.asked) or self._waiting:
            asked = (self._running.asked if self._running is not None else None) or self._waiting
            self._early.append((asked[0].readable, self._answered(asked[0])))

    def _kept(self, readable: Readable) -> tuple[Part, ...] | None:
        """What was answered early, without what was announced before it and never asked for."""
        if any(one is readable for one, _ in self._early):
            while True:
                one, parts = self._early.popleft()
                if one is readable:
                    return parts
        return None

    def _answered(self, asked: Asked) -> tuple[Part, ...]:
        while True:
            try:
                running = self._ready()
                self._hand_over(running)
                return running.answer(seconds=2 * self._cpu + limits.WORKER_START)
            except Ended as ended:
                self._again()
                if not asked.company:
                    self._waiting.popleft()
                    return (Part(format="unknown", gap=ended.gap),)
                asked.alone, asked.company = True, False

    def _turn(self, readable: Readable, size: int, purpose: str) -> Asked:
        """The next to be answered is this artifact."""
        for queue in (self._running.asked if self._running is not None else (), self._waiting):
            if queue:
                if queue[0].readable is readable:
                    return queue[0]
                self._forget()  # another thread's, or an announcement that was not kept
                break
        asked = Asked.about(readable, size=size, purpose=purpose)
        self._waiting.append(asked)
        return asked

    def _hand_over(self, running: Running) -> None:
        """Send what waits: in the order of its announcement, small files many at a time."""
        while self._waiting:
            first, sent = self._waiting[0], len(running.asked)
            if first.alone or first.whole is None:
                if sent and (first.alone or sent >= _DESCRIPTORS):
                    return
                running.ask(first, cpu=self._cpu)
                self._waiting.popleft()
                if first.alone:
                    return
                continue
            if sent and (sent >= _FILES or len(self._waiting) < _BATCH):
                return  # there is enough to do, and more may be announced
            batch = self._batch()
            if sent and len(batch) < _BATCH:
                return
            running.ask_many(batch, cpu=self._cpu if len(batch) == 1 else min(self._cpu, limits.BATCH_CPU))
            for _ in batch:
                self._waiting.popleft()

    def _batch(self) -> list[Asked]:
        return list(takewhile(lambda one: one.whole is not None and not one.alone, islice(self._waiting, _BATCH)))

    def _ready(self) -> Running:
        if self._pid != os.getpid():
            self._forget()
        running = self._running
        if running is None or (not running.asked and running.process.poll() is not None):
            self._end()
            self._begin()
        return self._greeted()

    def _again(self) -> None:
        """End the process; what it did not answer waits for the next, in its order."""
        if self._running is not None:
            self._waiting.extendleft(reversed(self._running.asked))
        self._end()

    def _forget(self) -> None:
        self._end()
        self._waiting.clear()
        self._early.clear()

    def kill(self) -> None:
        """End it, and do not wait until it is gone."""
        if self._running is not None and self._pid == os.getpid():
            self._running.process.kill(wait=False)

    def close(self) -> None:
        """End it. In a forked child this only drops what was inherited: the lock may be held by nobody there."""
        if self._pid != os.getpid():
            self._forget()
            return
        with self._lock:
            self._forget()

    def _begin(self) -> None:
        try:
            self._running = Running(memory=self._memory, kinds=self.kinds, light=self._light)
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
            if running.forked:
                self._begin()
                return self._greeted()
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
