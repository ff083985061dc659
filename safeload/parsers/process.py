"""The parent's side of a worker: start it, hand it one artifact at a time, survive whatever becomes of it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from safeload import limits
from safeload.errors import Malformed, StateError
from safeload.parsers import wire
from safeload.parsers.deaths import death
from safeload.parsers.facts import Gap, GapReason, Part, decode
from safeload.parsers.rights import Rights

_ENVIRONMENT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")  # what the interpreter needs to start
_LOST: Final = b"\1"
_HERE: Final = b"\0"


class Readable(Protocol):
    """Bytes at an offset; `sources.interface.Readable` fits it."""

    @property
    def size(self) -> int | None: ...

    def read_at(self, offset: int, n: int) -> bytes: ...

    def fileno(self) -> int | None: ...


class _Ended(Exception):
    """The worker is of no further use; `gap` says why."""

    def __init__(self, reason: GapReason, detail: str) -> None:
        super().__init__(detail)
        self.gap = Gap(reason=reason, detail=detail)


class _SourceFailed(Exception):
    """`read_at` raised, and the worker was told."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Worker:
    """One worker process, replaced by a fresh one after any failure. Thread-safe: one artifact at a time."""

    def __init__(self, *, cpu: float, memory: int, kinds: frozenset[str] = frozenset()) -> None:
        self._cpu = cpu
        self._memory = memory
        self.kinds = kinds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._pid = os.getpid()
        self._rights = Rights(had=(), missing=())

    @classmethod
    def start(
        cls,
        *,
        cpu: float = limits.WORKER_CPU,
        memory: int = limits.WORKER_MEMORY,
        kinds: frozenset[str] = frozenset(),
    ) -> Worker:
        """`cpu` in seconds for one artifact, `memory` in bytes of address space. Raises `StateError`.

        `kinds` are those of `parsers.external` that it can read too; only such a worker sees site-packages.
        """
        worker = cls(cpu=cpu, memory=memory, kinds=kinds)
        with worker._lock:
            worker._begin()
        return worker

    @property
    def rights(self) -> Rights:
        """What the process gave up, and what this system does not let it give up."""
        return self._rights

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def examine(self, readable: Readable, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        """The parts of one artifact. `name` is for messages only, `purpose` (`parsers.visit`) what a text is for.

        Raises what `readable.read_at` raises.
        """
        size = readable.size
        if size is None:
            gap = Gap(reason=GapReason.UNREACHABLE, detail=f"the source does not say how long {name!a} is")
            return (Part(format="unknown", gap=gap),)
        with self._lock:
            try:
                self._ready()
                return self._converse(readable, size, purpose)
            except _Ended as ended:
                return (Part(format="unknown", gap=ended.gap),)
            except _SourceFailed as failed:
                raise failed.error from None
            except BaseException:
                # Ctrl-C, or an error of our own: nobody knows where the conversation stands.
                self._end()
                raise

    def _ready(self) -> None:
        if self._process is None or self._pid != os.getpid() or self._process.poll() is not None:
            self._end()
            self._begin()

    def close(self) -> None:
        """End it. In a forked child this only drops what was inherited: the lock may be held by nobody there."""
        if self._pid != os.getpid():
            self._end()
            return
        with self._lock:
            self._end()

    def _begin(self) -> None:
        ours, theirs = socket.socketpair()
        path = Path(__file__).with_name("worker.py")
        # Almost nothing of the environment: a token has no business in a process that reads hostile bytes.
        self._process = subprocess.Popen(
            [sys.executable, "-I", *(["-B"] if self.kinds else ["-S"]), str(path)],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        self._channel = ours
        try:
            request = {"memory": self._memory, "kinds": sorted(self.kinds)}
            wire.send(wire.Timed(ours, limits.WORKER_START), json.dumps(request).encode())
            hello = self._message(limits.WORKER_START)
            if hello.get("op") != "hello":
                raise Malformed("no hello")
            strings = decode(dict[str, tuple[str, ...]], {key: hello.get(key) for key in ("had", "missing")})
        except (OSError, EOFError, Malformed, _Ended) as error:
            self._end()
            raise StateError(
                "The process that reads files did not start.",
                next=f"Check that {sys.executable} runs, and that memory is left.",
            ) from error
        self._pid = os.getpid()
        self._rights = Rights(had=strings["had"], missing=strings["missing"])

    def _converse(self, readable: Readable, size: int, purpose: str) -> tuple[Part, ...]:
        """Ask, answer its requests for bytes, return its answer."""
        assert self._channel is not None  # noqa: S101
        deadline = time.monotonic() + 2 * self._cpu + limits.WORKER_START
        descriptor = readable.fileno()
        self._send_request(descriptor, {"op": "examine", "size": size, "cpu": self._cpu, "purpose": purpose})
        while True:
            message = self._message(deadline - time.monotonic())
            if message.get("op") == "done":
                try:
                    parts: tuple[Part, ...] = decode(tuple[Part, ...], message.get("parts"))
                except Malformed as error:
                    self._fail(GapReason.CRASHED, f"the worker's answer was not understood ({error})")
                if not parts:
                    self._fail(GapReason.CRASHED, "the worker answered with nothing")
                return parts
            if message.get("op") != "read" or descriptor is not None:
                self._fail(GapReason.CRASHED, "the worker broke the protocol")
            started = time.monotonic()
            self._deliver(readable, size, message)
            deadline += time.monotonic() - started  # a slow network is not the parser's fault

    def _send_request(self, descriptor: int | None, request: dict[str, Any]) -> None:
        assert self._channel is not None  # noqa: S101
        body = json.dumps(request).encode()
        head = len(body).to_bytes(wire.LENGTH, "big")
        try:
            self._channel.settimeout(limits.WORKER_START)
            socket.send_fds(self._channel, [head], [] if descriptor is None else [descriptor])
            self._channel.sendall(body)
        except OSError:
            self._fail(GapReason.CRASHED, "the worker was gone")

    def _deliver(self, readable: Readable, size: int, message: dict[str, Any]) -> None:
        """Bytes for the worker. An error of the source propagates after the worker was told, so both stay in step."""
        offset, n = message.get("offset"), message.get("n")
        if type(offset) is not int or type(n) is not int or not 0 <= offset <= size:
            self._fail(GapReason.CRASHED, "the worker asked for bytes outside the file")
        if not 0 <= n <= limits.RANGE_REQUEST:
            self._fail(GapReason.CRASHED, "the worker asked for too much")
        try:
            data = readable.read_at(offset, n)
        except Exception as error:
            self._answer(_LOST)
            if self._message(limits.WORKER_START).get("op") != "lost":
                self._end()
            raise _SourceFailed(error) from error
        self._answer(_HERE + data[:n])

    def _answer(self, body: bytes) -> None:
        assert self._channel is not None  # noqa: S101
        try:
            wire.send(wire.Timed(self._channel, limits.WORKER_START), body)
        except OSError:
            self._fail(*self._cause())

    def _message(self, seconds: float) -> dict[str, Any]:
        """The worker's next message, a JSON object; whatever else comes ends the worker."""
        assert self._channel is not None  # noqa: S101
        try:
            raw = wire.receive(wire.Timed(self._channel, seconds), most=limits.WORKER_MESSAGE)
            message = json.loads(raw)
        except TimeoutError:
            self._fail(GapReason.LIMIT, "it took too long to read")
        except (OSError, EOFError):
            self._fail(*self._cause())
        except (ValueError, RecursionError):
            self._fail(GapReason.CRASHED, "the worker's message was not understood")
        if not isinstance(message, dict):
            self._fail(GapReason.CRASHED, "the worker's message was not understood")
        return message

    def _cause(self) -> tuple[GapReason, str]:
        """Why the worker is gone."""
        process = self._process
        if process is None:
            return GapReason.CRASHED, "the worker was gone"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        return death(process.poll())

    def _fail(self, reason: GapReason, detail: str) -> NoReturn:
        self._end()
        raise _Ended(reason, detail)

    def _end(self) -> None:
        """Kill it; the next request starts another. A forked child only drops its copy of the socket."""
        process, self._process = self._process, None
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        if process is not None and self._pid == os.getpid():
            process.kill()
            process.wait()
