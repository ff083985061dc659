"""Messages between worker and parent: four bytes of length, then JSON or raw bytes."""

from __future__ import annotations

import socket
import time
from typing import Final, Protocol

from safeload.errors import Malformed

LENGTH: Final = 4


class Channel(Protocol):
    """What a message needs of a socket."""

    def recv(self, n: int, /) -> bytes: ...

    def sendall(self, data: bytes, /) -> None: ...


def send(channel: Channel, body: bytes) -> None:
    channel.sendall(len(body).to_bytes(LENGTH, "big") + body)


def receive(channel: Channel, *, most: int, head: bytes = b"") -> bytes:
    """One message. `EOFError` when the other side is gone, `Malformed` when it would exceed `most` bytes."""
    head += exactly(channel, LENGTH - len(head))
    length = int.from_bytes(head, "big")
    if length > most:
        raise Malformed(f"a message of {length} bytes")
    return exactly(channel, length)


def exactly(channel: Channel, n: int) -> bytes:
    parts = []
    while n:
        data = channel.recv(min(n, 1 << 20))
        if not data:
            raise EOFError
        parts.append(data)
        n -= len(data)
    return b"".join(parts)


class Timed:
    """A socket with one deadline for all that is sent or received through it."""

    def __init__(self, channel: socket.socket, seconds: float) -> None:
        self._channel = channel
        self._deadline = time.monotonic() + seconds

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def recv(self, n: int, /) -> bytes:
        self._channel.settimeout(self._left())
        return self._channel.recv(n)

    def sendall(self, data: bytes, /) -> None:
        self._channel.settimeout(self._left())
        self._channel.sendall(data)
