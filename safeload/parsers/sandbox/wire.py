"""Messages between worker and parent: four bytes of length, then JSON or raw bytes."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import Final, Protocol

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
