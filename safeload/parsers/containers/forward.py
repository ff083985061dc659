"""Bytes that can only be made from their start, as a reader: a step back makes them again."""

from __future__ import annotations

from collections import deque

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Callable, Final, Iterator
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.reader import Reader

_ENDS: Final = 128 * limits.KIB  # bytes kept of the start and of the end: where formats have their signatures


def opened(
    make: Callable[[], Iterator[bytes]],
    *,
    spend: Callable[[int], None],
    local: bool,
    most: int = limits.INFLATED,
) -> Reader:
    """What `make()` gives, piece by piece. `spend` is told of every piece once, and stops what becomes too much.

    Short content is held; of longer content a window, so that memory stays bounded. Raises `Malformed`.
    """
    held: list[bytes] = []
    tail: deque[bytes] = deque()
    size = ending = 0
    for piece in make():
        spend(len(piece))
        size += len(piece)
        if size > most:
            raise Malformed("a compressed stream is longer than was said")
        if size <= limits.HELD:
            held.append(piece)
        elif not local:
            raise Refused(f"more than {limits.HELD:,} bytes in compressed form", reason=GapReason.LIMIT)
        else:
            del held[1:]
        tail.append(piece)
        ending += len(piece)
        while ending - len(tail[0]) >= _ENDS:
            ending -= len(tail.popleft())
    if size <= limits.HELD:
        return Reader.of_bytes(b"".join(held))
    head = b"".join(held[:1])[:_ENDS]
    del held
    last = b"".join(tail)
    return Reader(_Forward(make, head, last, size).fetch, size=size, local=True)


class _Forward:
    """Reads on from where it stands; what it passed last is kept."""

    def __init__(self, make: Callable[[], Iterator[bytes]], head: bytes, last: bytes, size: int) -> None:
        self._make = make
        self._head = head
        self._last = last
        self._size = size
        self._again()

    def _again(self) -> None:
        self._pieces = self._make()
        self._window: deque[tuple[int, bytes]] = deque()
        self._held = 0
        self._end = 0

    def fetch(self, offset: int, n: int) -> bytes:
        if offset + n <= len(self._head):
            return self._head[offset : offset + n]
        if offset >= self._size - len(self._last):
            at = offset - (self._size - len(self._last))
            return self._last[at : at + n]
        if offset < (self._window[0][0] if self._window else self._end):
            self._again()
        found = [self._cut(start, piece, offset, n) for start, piece in self._window]
        while self._end < offset + n:
            piece = next(self._pieces, b"")
            if not piece:
                break
            start = self._end
            self._keep(start, piece)
            found.append(self._cut(start, piece, offset, n))
        return b"".join(found)

    def _keep(self, start: int, piece: bytes) -> None:
        self._end += len(piece)
        self._window.append((start, piece))
        self._held += len(piece)
        while self._held > limits.HELD and len(self._window) > 1:
            self._held -= len(self._window.popleft()[1])

    @staticmethod
    def _cut(start: int, piece: bytes, offset: int, n: int) -> bytes:
        return piece[max(0, offset - start) : max(0, offset + n - start)]
