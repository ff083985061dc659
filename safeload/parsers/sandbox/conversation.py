"""The parent's end of the conversation with a worker."""

from __future__ import annotations

import select
import sys
import time
from _socket import SCM_RIGHTS, SOL_SOCKET

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.sandbox.wire import LENGTH

if TYPE_CHECKING:
    from _socket import socket

_PIECE: Final = 256 * limits.KIB


class Conversation:
    """Messages with deadlines. Sending never waits for a worker that waits to be heard itself."""

    def __init__(self, channel: socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._poll = select.poll()
        self._heard = bytearray()

    def send(self, body: bytes, *, seconds: float, descriptor: int | None = None) -> None:
        """One message. Raises `OSError` (`TimeoutError` too), `EOFError`, `Malformed`."""
        deadline = time.monotonic() + seconds
        left = memoryview(len(body).to_bytes(LENGTH, "big") + body)
        while left:
            try:
                if descriptor is None:
                    left = left[self._channel.send(left) :]
                else:
                    rights = (SOL_SOCKET, SCM_RIGHTS, descriptor.to_bytes(4, sys.byteorder))
                    left = left[self._channel.sendmsg([left], [rights]) :]
                    descriptor = None
            except BlockingIOError:
                if self._wait(deadline, select.POLLIN | select.POLLOUT) & select.POLLIN:
                    self._hear()

    def receive(self, *, seconds: float) -> bytes:
        """The next message. Raises `OSError` (`TimeoutError` too), `EOFError`, `Malformed`."""
        heard, deadline = self._heard, 0.0
        while len(heard) < LENGTH or len(heard) < LENGTH + int.from_bytes(heard[:LENGTH], "big"):
            if len(heard) >= LENGTH and int.from_bytes(heard[:LENGTH], "big") > limits.WORKER_MESSAGE:
                raise Malformed("a message that is too long")
            deadline = deadline or time.monotonic() + seconds
            self._wait(deadline, select.POLLIN)
            self._hear()
        end = LENGTH + int.from_bytes(heard[:LENGTH], "big")
        body = bytes(heard[LENGTH:end])
        del heard[:end]
        return body

    def close(self) -> None:
        self._channel.close()

    def _hear(self) -> None:
        data = self._channel.recv(_PIECE)
        if not data:
            raise EOFError
        if len(self._heard) > LENGTH + limits.WORKER_MESSAGE:
            raise Malformed("more messages than were asked for")
        self._heard += data

    def _wait(self, deadline: float, events: int) -> int:
        self._poll.register(self._channel, events)
        left = deadline - time.monotonic()
        ready = self._poll.poll(left * 1000) if left > 0 else []
        if not ready:
            raise TimeoutError
        return ready[0][1]
