"""The bounded reader: the only way in which a parser touches bytes."""

from __future__ import annotations

import io
import os

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import Any, Callable, Final, Iterator
from safeload.lean import sha256 as short_sha256
from safeload.parsers.fetched import Kept
from safeload.parsers.tiers import Later

_LOCAL_CHUNK: Final = 256 * limits.KIB
_PIECE: Final = limits.MIB
_RECENT: Final = limits.MIB
_SHORT: Final = 4 * limits.MIB  # bytes
_long_sha256: Final = Later("hashlib", "sha256")


class Reader:
    """`size` bytes at offsets from 0. `local` tells whether a read is cheap or a request over a network.

    `held` is what was made of them and takes long to be taken apart: that is done after the answer. `whole` are all of
    them, where they are few and at hand. `artifact` tells that they are an artifact which somebody else hashes.
    """

    __slots__ = ("_at", "_descriptor", "_fetch", "artifact", "held", "local", "size", "whole")

    def __init__(self, fetch: Callable[[int, int], bytes], *, size: int, local: bool) -> None:
        self._fetch = fetch
        self._descriptor = -1
        self._at = 0
        self.size = size
        self.local = local
        self.held: Any = None
        self.whole: bytes | None = None
        self.artifact = False

    @classmethod
    def of_bytes(cls, data: bytes) -> Reader:
        made = cls(lambda offset, n: data[offset : offset + n], size=len(data), local=True)
        if len(data) <= _LOCAL_CHUNK:
            made.whole = data
        return made

    @classmethod
    def of_descriptor(cls, descriptor: int, *, size: int) -> Reader:
        """A local file; `os.pread` leaves the descriptor's own position alone."""
        return cls._part(descriptor, 0, size)

    @classmethod
    def _part(cls, descriptor: int, at: int, size: int) -> Reader:
        made = cls(lambda offset, n: _pread(descriptor, at + offset, n), size=size, local=True)
        made._descriptor, made._at = descriptor, at
        return made

    @classmethod
    def of_callback(cls, ask: Callable[[int, int], bytes], *, size: int) -> Reader:
        """A remote file: `ask` makes a request, so what came once is kept."""
        return cls(Kept(ask, size).fetch, size=size, local=False)

    @property
    def lies(self) -> bool:
        """Is it a file, or a part of one: can any part be read again at no cost?"""
        return self._descriptor >= 0

    def read_at(self, offset: int, n: int) -> bytes:
        """Exactly `n` bytes from `offset`; raises `Malformed` when they are not all there."""
        if offset < 0 or n < 0 or offset + n > self.size:
            raise Malformed(f"{n} bytes at offset {offset} reach beyond the end at {self.size}")
        data = self._fetch(offset, n) if n else b""
        if len(data) != n:
            raise Malformed(f"the file ended early: {len(data)} of {n} bytes at offset {offset}")
        return data

    def upto(self, offset: int, n: int) -> bytes:
        """`n` bytes from `offset`, or fewer at the end."""
        if self.whole is not None and offset >= 0 and n >= 0:
            return self.whole[offset : offset + n]
        return self.read_at(offset, max(0, min(n, self.size - offset))) if 0 <= offset <= self.size else b""

    def window(self, offset: int, n: int) -> Reader:
        """A part of it, as a reader of its own."""
        if offset < 0 or n < 0 or offset + n > self.size:
            raise Malformed(f"a part of {n} bytes at offset {offset} reaches beyond the end at {self.size}")
        if self._descriptor >= 0:
            return Reader._part(self._descriptor, self._at + offset, n)
        return Reader(lambda at, count: self.read_at(offset + at, count), size=n, local=self.local)

    def fill(self, offset: int, buffer: memoryview) -> int:
        """As many bytes as fit and are there, straight into a buffer; how many."""
        n = max(0, min(len(buffer), self.size - offset))
        if self._descriptor >= 0 and hasattr(os, "preadv"):
            return _filled(self._descriptor, self._at + offset, buffer[:n])
        data = self.upto(offset, n)
        buffer[: len(data)] = data
        return len(data)

    def pieces(self, start: int, end: int, *, before: int = 0) -> Iterator[tuple[int, bytearray | bytes]]:
        """Consecutive pieces with the offsets where they start, each with the last `before` bytes of the one before.

        All of them are in one buffer, so a piece holds until the next is asked for: new memory for each takes longer
        than reading does.
        """
        if self.whole is not None and 0 <= start <= end <= self.size:
            if start < end:
                yield start, self.whole[start:end]
            return
        size = min(_PIECE, max(end - start, 0))
        buffer = bytearray(before + size)
        view = memoryview(buffer)
        kept = 0
        for offset in range(start, end, _PIECE):
            n = min(size, end - offset)
            if self.fill(offset, view[kept : kept + n]) != n:
                raise Malformed(f"the file ended early: {n} bytes at offset {offset} are not there")
            have = kept + n
            if have < len(buffer):
                view.release()
                del buffer[have:]
                view = memoryview(buffer)
            yield offset - kept, buffer
            kept = min(before, have)
            if end - offset > n:
                view[:kept] = view[have - kept : have]
                if have < before + size:  # the first has nothing before it
                    view.release()
                    buffer.extend(bytes(before + size - have))
                    view = memoryview(buffer)

    def chunks(self, start: int, end: int, *, size: int = 4 * limits.MIB) -> Iterator[tuple[int, bytes]]:
        """Consecutive pieces with their offsets."""
        for offset in range(start, end, size):
            yield offset, self.read_at(offset, min(size, end - offset))

    def file(self, start: int = 0, *, ahead: int = _LOCAL_CHUNK) -> io.BufferedReader[Any]:
        """A file object over it, at `start`; it reads that far ahead, and tells exactly where its user is."""
        buffer = ahead if self.local else limits.RANGE_BLOCK
        raw: Any = _Face(self)
        if self.whole is not None:
            raw, buffer = io.BytesIO(self.whole), min(buffer, self.size + 1)
        face: io.BufferedReader[Any] = io.BufferedReader(raw, buffer)
        if start:
            face.seek(start)
        return face


class _Face(io.RawIOBase):
    """What `io.BufferedReader` needs of a raw file."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._at = 0
        self.recent: list[tuple[int, bytes]] = []

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = len(buffer)
        if not self._reader.local:
            # To the end of a block, so that reading from several places does not ask for the same bytes again.
            wanted = min(wanted, limits.RANGE_BLOCK - self._at % limits.RANGE_BLOCK)
        view = memoryview(buffer)  # a slice of a `bytearray`, which `RawIOBase.read` gives, is a copy
        n = self._reader.fill(self._at, view[:wanted]) if self._at < self._reader.size else 0
        if n <= _RECENT:
            self.recent = [*self.recent[-1:], (self._at, bytes(view[:n]))]
        self._at += n
        return n

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reader.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def recent(file: io.BufferedReader[Any]) -> tuple[tuple[int, bytes], ...]:
    """The pieces that a file object read last, with their offsets, oldest first."""
    face: Any = file.raw
    if isinstance(face, _Face):
        return tuple(face.recent)
    return ((0, face.getvalue()),) if isinstance(face, io.BytesIO) else ()


def hashing(size: int) -> Any:
    """What hashes so many bytes. OpenSSL's is faster for many, and takes longer to import than few take."""
    return _long_sha256() if size > _SHORT else short_sha256()


def sha256(reader: Reader, start: int, end: int) -> str:
    """Of the bytes between the offsets."""
    if reader.whole is not None and 0 <= start <= end <= reader.size:
        return short_sha256(reader.whole[start:end]).hexdigest()
    sha = hashing(end - start)
    for _, data in reader.pieces(start, end):
        sha.update(data)
    digest: str = sha.hexdigest()
    return digest


def _filled(descriptor: int, offset: int, buffer: memoryview) -> int:
    have = 0
    while have < len(buffer):  # one call gives at most 2 GiB
        n = os.preadv(descriptor, [buffer[have:]], offset + have)
        if not n:
            break
        have += n
    return have


def _pread(descriptor: int, offset: int, n: int) -> bytes:
    data = os.pread(descriptor, n, offset)
    if len(data) == n or not data:
        return data
    parts = [data]  # one call gives at most 2 GiB
    have = len(data)
    while have < n:
        more = os.pread(descriptor, n - have, offset + have)
        if not more:
            break
        parts.append(more)
        have += len(more)
    return b"".join(parts)
