"""The gate that lets one click reach a cell that is still running.

ipykernel queues a message from the page behind the running cell, so a cell that waits for a button waits for ever.
ipykernel 7 receives the shell channel on a thread of its own: there the gate reads along. ipykernel 6 receives it on
the main thread: there the waiting cell looks into the queue. In both, every message still takes its ordinary way,
and only a message with the kernel's signature and the panel's nonce counts.
"""

from __future__ import annotations

import contextlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

from safeload import limits

__all__ = ["Gate", "Outcome", "attend", "wait"]

_TICK = 0.05  # seconds between two looks
_TAPPED = 2.0  # seconds that the kernel's thread has to take the tap
# What a message that is not ours, or a kernel that is not as expected, can raise while it is taken apart.
_STRANGE = (AttributeError, LookupError, TypeError, ValueError)


class Outcome(Enum):
    """What came of waiting."""

    APPROVE = "approve"
    DENY = "deny"
    CONVERT = "convert"  # not this: its tensors alone
    CLOSE = "close"  # of a model that is blocked: it is, and that is read
    UNSEEN = "unseen"  # no page said hello: nobody can see the panel
    GONE = "gone"  # the page was there, and went away


YES_OR_NO = (Outcome.DENY, Outcome.APPROVE)


class Gate:
    """One question's answer, whichever way it arrives. The first answer counts; later ones change nothing."""

    def __init__(self, *, comm_id: str, nonce: str, offered: tuple[Outcome, ...] = YES_OR_NO) -> None:
        self.comm_id = comm_id
        self._offered = tuple(one.value for one in offered)
        self.seen = time.monotonic()
        self.hello = threading.Event()
        self.done = threading.Event()
        self.answer: Outcome | None = None
        self._nonce = nonce.encode()
        self._closed = False
        self._lock = threading.Lock()

    def feed(self, content: object) -> None:
        """A message from the page. Anything but a hello, a ping or a decision with our nonce is ignored."""
        if not isinstance(content, dict) or not isinstance(content.get("nonce"), str):
            return
        if not hmac.compare_digest(content["nonce"].encode("utf-8", "replace"), self._nonce):
            return
        with self._lock:
            if self._closed:
                return
            self.seen = time.monotonic()
            if content.get("type") in ("hello", "ping"):
                self.hello.set()
            elif content.get("type") == "decision" and self.answer is None:
                self._decide(content.get("value"))

    def close(self) -> None:
        """No answer counts from now on: the question is being asked elsewhere, or is over."""
        with self._lock:
            self._closed = True
            self.done.set()

    def _decide(self, value: object) -> None:
        if value in self._offered:
            self.answer = Outcome(value)
            self.hello.set()
            self.done.set()


@contextlib.contextmanager
def attend(kernel: Any, gate: Gate) -> Iterator[Callable[[], None] | None]:
    """While it lasts, messages for `gate` reach it. Yields what to call at each look, or None: no way here."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is not None:
        with _tap(kernel, thread, gate) as tapped:
            yield (lambda: None) if tapped else None
    elif hasattr(getattr(kernel, "msg_queue", None), "_queue") and hasattr(kernel, "shell_stream"):
        known: set[int] = set()
        yield lambda: _peek(kernel, gate, known)
    else:
        yield None


def wait(
    gate: Gate,
    look: Callable[[], None],
    *,
    hello: float = limits.HELLO,
    lost: float = limits.HEARTBEAT_LOST,
) -> Outcome:
    """Block until somebody decides or nobody can. Never an approval by time. Ctrl-C raises `KeyboardInterrupt`."""
    began = time.monotonic()
    while not gate.done.wait(_TICK):
        look()
        now = time.monotonic()
        if not gate.hello.is_set():
            if now - began > hello:
                return Outcome.UNSEEN
        elif now - gate.seen > lost:
            return Outcome.GONE
    return gate.answer or Outcome.GONE


@contextlib.contextmanager
def _tap(kernel: Any, thread: Any, gate: Gate) -> Iterator[bool]:
    """ipykernel 7: read along on the thread that receives the shell channel."""
    stream, original = getattr(kernel, "shell_stream", None), getattr(kernel, "shell_channel_thread_main", None)
    loop = getattr(thread, "io_loop", None)
    if stream is None or original is None or loop is None:
        yield False
        return
    on, ended = threading.Event(), threading.Event()

    async def received(message: Any) -> None:
        _deliver(kernel, gate, message)
        await original(message)

    def install() -> None:
        if not ended.is_set():
            stream.on_recv(received, copy=False)
            on.set()

    def restore() -> None:
        stream.on_recv(original, copy=False)

    loop.add_callback(install)
    try:
        yield on.wait(_TAPPED)
    finally:
        ended.set()
        loop.add_callback(restore)


def _peek(kernel: Any, gate: Gate, known: set[int]) -> None:
    """ipykernel 6: bring in what has arrived, look at the queue, take nothing out of it."""
    with contextlib.suppress(*_STRANGE):
        kernel.shell_stream.flush()
        for item in list(kernel.msg_queue._queue):
            # Seen again at every look: an old sign of life must not pass for a new one.
            if id(item) not in known:
                known.add(id(item))
                _deliver(kernel, gate, item[-1][0])


def _deliver(kernel: Any, gate: Gate, message: Any) -> None:
    """Give the gate its message, if this is one. Other messages are none of our business, whatever they look like."""
    with contextlib.suppress(*_STRANGE):
        content = _content(kernel.session, message, gate.comm_id)
        if content is not None:
            gate.feed(content)


def _content(session: Any, message: Any, comm_id: str) -> object:
    """The custom content of a signed comm message to `comm_id`, else None."""
    _, frames = session.feed_identities(message, copy=False)
    signature, header, *rest = [bytes(getattr(frame, "bytes", frame)) for frame in frames[:5]]
    if len(rest) < 3 or b"comm_msg" not in header:
        return None
    if session.auth is not None and not hmac.compare_digest(session.sign([header, *rest]), signature):
        return None
    if session.unpack(header).get("msg_type") != "comm_msg":
        return None
    body = session.unpack(rest[2])
    if body.get("comm_id") != comm_id or body["data"].get("method") != "custom":
        return None
    found: object = body["data"].get("content")
    return found
