"""One running worker process: what it is asked, what it answers, what its end means."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers.coding import decode
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.sandbox import wire
from safeload.parsers.sandbox.deaths import death
from safeload.parsers.sandbox.rights import Rights

_ENVIRONMENT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")  # what the interpreter needs to start
# Large literals in pages of 2 MiB where the system has them: page faults were half the time of reading such a file.
# https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html (others ignore it)
_MEMORY: Final = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=67108864"}
_LOST: Final = b"\1"
_HERE: Final = b"\0"


class Readable(Protocol):
    """Bytes at an offset; `sources.interface.Readable` fits it."""

    @property
    def size(self) -> int | None: ...

    def read_at(self, offset: int, n: int) -> bytes: ...

    def fileno(self) -> int | None: ...


class Ended(Exception):
    """The worker is of no further use; `gap` says why."""

    def __init__(self, reason: GapReason, detail: str) -> None:
        super().__init__(detail)
        self.gap = Gap(reason=reason, detail=detail)


class SourceFailed(Exception):
    """`read_at` raised, and the worker was told."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Running:
    """A process from its start to its end. `Ended` is raised once, after it was killed."""

    def __init__(self, *, memory: int, kinds: frozenset[str]) -> None:
        """Start it, and do not wait: it gets ready while this process does something else."""
        ours, theirs = socket.socketpair()
        path = Path(__file__).with_name("worker.py")
        # Almost nothing of the environment: a token has no business in a process that reads hostile bytes.
        self.process = subprocess.Popen(
            [sys.executable, "-I", *(["-B"] if kinds else ["-S"]), str(path)],
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**_MEMORY, **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}},
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        self._channel = ours
        self._rights: Rights | None = None
        self._asked: deque[Readable] = deque()  # and not answered, oldest first
        self._begun = time.monotonic()
        with contextlib.suppress(OSError):  # then there is no hello either
            wire.send(ours, json.dumps({"memory": memory, "kinds": sorted(kinds)}).encode())

    def rights(self) -> Rights:
        """What it gave up, when it is ready. Raises `Ended`, `Malformed`."""
        if self._rights is None:
            hello = self._message(self._begun + limits.WORKER_START - time.monotonic())
            if hello.get("op") != "hello":
                raise Malformed("no hello")
            strings = decode(dict[str, tuple[str, ...]], {key: hello.get(key) for key in ("had", "missing")})
            self._rights = Rights(had=strings["had"], missing=strings["missing"])
        return self._rights

    def asks(self, readable: Readable) -> bool:
        """Is its answer the next one?"""
        return bool(self._asked) and self._asked[0] is readable

    def waiting(self) -> int:
        return len(self._asked)

    def ask(self, readable: Readable, *, size: int, cpu: float, purpose: str) -> None:
        """Hand it an artifact. Raises `Ended`."""
        body = json.dumps({"op": "examine", "size": size, "cpu": cpu, "purpose": purpose}).encode()
        message = len(body).to_bytes(wire.LENGTH, "big") + body
        descriptor = readable.fileno()
        try:
            self._channel.settimeout(limits.WORKER_START)
            sent = socket.send_fds(self._channel, [message], [] if descriptor is None else [descriptor])
            if sent < len(message):
                self._channel.sendall(message[sent:])
        except OSError:
            self.fail(GapReason.CRASHED, "the worker was gone")
        self._asked.append(readable)

    def answer(self, readable: Readable, *, size: int, seconds: float) -> tuple[Part, ...]:
        """What it says of the artifact that it was asked first; its requests for bytes are answered on the way."""
        deadline = time.monotonic() + seconds
        while True:
            message = self._message(deadline - time.monotonic())
            if message.get("op") == "done":
                return self._parts(message)
            if message.get("op") != "read" or readable.fileno() is not None:
                self.fail(GapReason.CRASHED, "the worker broke the protocol")
            started = time.monotonic()
            self._deliver(readable, size, message)
            deadline += time.monotonic() - started  # a slow network is not the parser's fault

    def _parts(self, message: dict[str, Any]) -> tuple[Part, ...]:
        self._asked.popleft()
        try:
            parts: tuple[Part, ...] = decode(tuple[Part, ...], message.get("parts"))
        except Malformed as error:
            self.fail(GapReason.CRASHED, f"the worker's answer was not understood ({error})")
        if not parts:
            self.fail(GapReason.CRASHED, "the worker answered with nothing")
        return parts

    def _deliver(self, readable: Readable, size: int, message: dict[str, Any]) -> None:
        """Bytes for the worker. An error of the source propagates after the worker was told, so both stay in step."""
        offset, n = message.get("offset"), message.get("n")
        if type(offset) is not int or type(n) is not int or not 0 <= offset <= size:
            self.fail(GapReason.CRASHED, "the worker asked for bytes outside the file")
        if not 0 <= n <= limits.RANGE_REQUEST:
            self.fail(GapReason.CRASHED, "the worker asked for too much")
        try:
            data = readable.read_at(offset, n)
        except Exception as error:
            self._send(_LOST)
            if self._message(limits.WORKER_START).get("op") != "lost":
                self.end()
            else:
                self._asked.popleft()
            raise SourceFailed(error) from error
        self._send(_HERE + data[:n])

    def _send(self, body: bytes) -> None:
        try:
            wire.send(wire.Timed(self._channel, limits.WORKER_START), body)
        except OSError:
            self.fail(*self._cause())

    def _message(self, seconds: float) -> dict[str, Any]:
        """The worker's next message, a JSON object; whatever else comes ends the worker."""
        try:
            raw = wire.receive(wire.Timed(self._channel, seconds), most=limits.WORKER_MESSAGE)
            message = json.loads(raw)
        except TimeoutError:
            self.fail(GapReason.LIMIT, "it took too long to read")
        except (OSError, EOFError):
            self.fail(*self._cause())
        except (ValueError, RecursionError):
            self.fail(GapReason.CRASHED, "the worker's message was not understood")
        if not isinstance(message, dict):
            self.fail(GapReason.CRASHED, "the worker's message was not understood")
        return message

    def _cause(self) -> tuple[GapReason, str]:
        """Why the worker is gone."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=2)
        return death(self.process.poll())

    def fail(self, reason: GapReason, detail: str) -> NoReturn:
        self.end()
        raise Ended(reason, detail)

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.drop()
        self.process.kill()
        self.process.wait()

    def drop(self) -> None:
        """A forked child drops its copy of the parent's conversation."""
        self._asked.clear()
        self._channel.close()
