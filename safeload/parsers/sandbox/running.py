"""One running worker process: what it is asked, what it answers, what its end means."""

from __future__ import annotations

import os
import sys
import time
from _socket import socketpair

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, NoReturn, Protocol, deque, record
from safeload.parsers.coding import decode
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.sandbox import spoken, wire
from safeload.parsers.sandbox.child import Child
from safeload.parsers.sandbox.conversation import Conversation
from safeload.parsers.sandbox.deaths import death
from safeload.parsers.sandbox.forked import take
from safeload.parsers.sandbox.rights import Rights

if TYPE_CHECKING:
    from _socket import socket

    from safeload.lean import Sequence

_ENVIRONMENT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")  # what the interpreter needs to start
# Memory that was freed is kept, and taken in larger steps: a page fault costs as much as reading a page.
# Not in pages of 2 MiB: of a literal that is not read only its ends are touched, and the rest would be cleared for it.
# https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html (others ignore it)
_MEMORY: Final = {
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{name}={size * limits.MIB}"
        for name, size in (("mmap_threshold", 64), ("trim_threshold", 256), ("top_pad", 16))
    )
}
_WORKER: Final = os.path.join(os.path.dirname(__file__), "worker.py")  # noqa: PTH118, PTH120
_LOST: Final = b"\1"
_SHORT: Final = 1024  # bytes of an answer that is kept
_KNOWN: Final = 256  # of those
_HERE: Final = b"\0"


class Readable(Protocol):
    """Bytes at an offset; `sources.interface.Readable` fits it."""

    @property
    def size(self) -> int | None: ...

    def read_at(self, offset: int, n: int) -> bytes: ...

    def fileno(self) -> int | None: ...


@record(slots=True, eq=False, kw_only=True)
class Asked:
    """One artifact that a worker is to look at. `whole` are its bytes, where they are few and were read already.

    `hashed`: what all of it hashes to is found out elsewhere, if anybody wants to know.
    `company`: it was sent along with others, which share what a worker is given in time and memory.
    """

    readable: Readable
    size: int
    purpose: str
    whole: bytes | None
    hashed: bool
    alone: bool = False
    company: bool = False

    @classmethod
    def about(cls, readable: Readable, *, size: int, purpose: str) -> Asked:
        whole, hashed = getattr(readable, "whole", None), getattr(readable, "hashed", False)
        return cls(readable=readable, size=size, purpose=purpose, whole=whole, hashed=hashed)


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


def _started(kinds: frozenset[str]) -> tuple[socket, Child]:
    # Almost nothing of the environment: a token has no business in a process that reads hostile bytes.
    environment = {**_MEMORY, **{name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}}
    ours, theirs = socketpair()
    try:
        command = [sys.executable, "-I", *(["-B"] if kinds else ["-S"]), _WORKER]
        return ours, Child(command, stdin=theirs.fileno(), environment=environment)
    finally:
        theirs.close()


class Running:
    """A process from its start to its end. `Ended` is raised once, after it was killed."""

    def __init__(self, *, memory: int, kinds: frozenset[str], light: bool = False) -> None:
        """Start it, and do not wait: it gets ready while this process does something else."""
        forked = None if kinds else take()
        self.forked = forked is not None
        ours, self.process = forked or _started(kinds)
        self._channel = Conversation(ours)
        self._rights: Rights | None = None
        self.asked: deque[Asked] = deque()  # and not answered, oldest first
        self._known: dict[bytes, tuple[Part, ...]] = {}  # answers, which are often the same for many small files
        self._begun = time.monotonic()
        self._introduce(ours, {"memory": memory, "kinds": sorted(kinds), "light": light})

    @staticmethod
    def _introduce(channel: socket, hello: dict[str, Any]) -> None:
        try:
            wire.send(channel, spoken.dumps(hello))
        except OSError:
            return  # then there is no hello either

    def rights(self) -> Rights:
        """What it gave up, when it is ready. Raises `Ended`, `Malformed`."""
        if self._rights is None:
            hello = self._message(self._begun + limits.WORKER_START - time.monotonic())
            if hello.get("op") != "hello":
                raise Malformed("no hello")
            strings = decode(dict[str, tuple[str, ...]], {key: hello.get(key) for key in ("had", "missing")})
            self._rights = Rights(had=strings["had"], missing=strings["missing"])
        return self._rights

    def ask(self, one: Asked, *, cpu: float) -> None:
        """Hand it an artifact. Raises `Ended`."""
        if one.whole is not None:
            self.ask_many([one], cpu=cpu)
            return
        request = {"op": "examine", "size": one.size, "cpu": cpu, "purpose": one.purpose, "hashed": one.hashed}
        self._send(spoken.dumps(request), descriptor=one.readable.fileno())
        self.asked.append(one)

    def ask_many(self, many: Sequence[Asked], *, cpu: float) -> None:
        """Hand it artifacts that are whole, with time for all of them together. Raises `Ended`."""
        request = {"op": "batch", "cpu": cpu, "files": [(one.size, one.purpose) for one in many]}
        self._send(spoken.dumps(request))
        self._send(b"".join([one.whole or b"" for one in many]))
        for one in many:
            one.company = len(many) > 1
        self.asked.extend(many)

    def answer(self, *, seconds: float) -> tuple[Part, ...]:
        """What it says of the artifact that it was asked first; its requests for bytes are answered on the way."""
        asked = self.asked[0]
        deadline = time.monotonic() + seconds
        while True:
            raw = self._heard(deadline - time.monotonic())
            parts = self._known.get(raw)
            if parts is None:
                message = self._understood(raw)
                parts = self._parts(message, raw) if message.get("op") == "done" else None
            if parts is not None:
                self.asked.popleft()
                return parts
            if message.get("op") != "read" or asked.whole is not None or asked.readable.fileno() is not None:
                self.fail(GapReason.CRASHED, "the worker broke the protocol")
            started = time.monotonic()
            self._deliver(asked, message)
            deadline += time.monotonic() - started  # a slow network is not the parser's fault

    def _parts(self, message: dict[str, Any], raw: bytes) -> tuple[Part, ...]:
        try:
            parts: tuple[Part, ...] = decode(tuple[Part, ...], message.get("parts"))
        except Malformed as error:
            self.fail(GapReason.CRASHED, f"the worker's answer was not understood ({error})")
        if not parts:
            self.fail(GapReason.CRASHED, "the worker answered with nothing")
        if len(raw) <= _SHORT and len(self._known) < _KNOWN:
            self._known[raw] = parts
        return parts

    def _deliver(self, asked: Asked, message: dict[str, Any]) -> None:
        """Bytes for the worker. An error of the source propagates after the worker was told, so both stay in step."""
        offset, n = message.get("offset"), message.get("n")
        if type(offset) is not int or type(n) is not int or not 0 <= offset <= asked.size:
            self.fail(GapReason.CRASHED, "the worker asked for bytes outside the file")
        if not 0 <= n <= limits.RANGE_REQUEST:
            self.fail(GapReason.CRASHED, "the worker asked for too much")
        try:
            data = asked.readable.read_at(offset, n)
        except Exception as error:
            self._send(_LOST)
            if self._message(limits.WORKER_START).get("op") != "lost":
                self.end()
            else:
                self.asked.popleft()
            raise SourceFailed(error) from error
        self._send(_HERE + data[:n])

    def _send(self, body: bytes, *, descriptor: int | None = None) -> None:
        try:
            self._channel.send(body, seconds=limits.WORKER_START, descriptor=descriptor)
        except (OSError, EOFError):
            self.fail(*self._cause())
        except Malformed:
            self.fail(GapReason.CRASHED, "the worker broke the protocol")

    def _message(self, seconds: float) -> dict[str, Any]:
        return self._understood(self._heard(seconds))

    def _heard(self, seconds: float) -> bytes:
        """The worker's next message."""
        try:
            return self._channel.receive(seconds=seconds)
        except TimeoutError:
            self.fail(GapReason.LIMIT, "it took too long to read")
        except (OSError, EOFError):
            self.fail(*self._cause())
        except Malformed:
            self.fail(GapReason.CRASHED, "the worker broke the protocol")

    def _understood(self, raw: bytes) -> dict[str, Any]:
        """A JSON object; whatever else comes ends the worker."""
        try:
            message = spoken.loads(raw)
        except (ValueError, RecursionError):
            self.fail(GapReason.CRASHED, "the worker's message was not understood")
        if not isinstance(message, dict):
            self.fail(GapReason.CRASHED, "the worker's message was not understood")
        return message

    def _cause(self) -> tuple[GapReason, str]:
        """Why the worker is gone."""
        return death(self.process.ended(seconds=2))

    def fail(self, reason: GapReason, detail: str) -> NoReturn:
        self.end()
        raise Ended(reason, detail)

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.drop()
        self.process.kill()

    def drop(self) -> None:
        """A forked child drops its copy of the parent's conversation."""
        self._channel.close()
