"""What came over a network, kept: every read there is a request."""

from __future__ import annotations

from safeload import limits
from safeload.lean import Callable, Final

_CACHE: Final = 64 * limits.MIB
_LEAST: Final = 4 * limits.KIB


class Kept:
    """Spans that were fetched, newest last, up to a number of bytes."""

    def __init__(self, ask: Callable[[int, int], bytes], size: int) -> None:
        self._ask = ask
        self._size = size
        self._spans: list[tuple[int, bytes]] = []
        self._held = 0

    def fetch(self, offset: int, n: int) -> bytes:
        parts: list[bytes] = []
        at, end = offset, offset + n
        while at < end:
            data = self._held_at(at, end) or self._request(at, end)
            if not data:
                break
            parts.append(data)
            at += len(data)
        return b"".join(parts)

    def _held_at(self, at: int, end: int) -> bytes:
        for start, data in reversed(self._spans):
            if start <= at < start + len(data):
                return data[at - start : end - start]
        return b""

    def _request(self, at: int, end: int) -> bytes:
        """What is missing, up to what is held already."""
        end = min([end, *(start for start, _ in self._spans if start > at)])
        data = self._ask(at, min(max(end - at, _LEAST), self._size - at))
        self._spans.append((at, data))
        self._held += len(data)
        while self._held > _CACHE and len(self._spans) > 1:
            self._held -= len(self._spans.pop(0)[1])
        return data[: end - at]
