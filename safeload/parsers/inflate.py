"""Compressed bytes undone under caps, as the loaders undo them."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers.facts import GapReason
from safeload.parsers.ledger import Refused
from safeload.parsers.reader import Reader

_STEP: Final = 4 * limits.MIB


class _Undo(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Deflate:
    """zlib's object with the interface of the other two: it keeps what it was given and did not use yet."""

    def __init__(self, wbits: int) -> None:
        self._object = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    def decompress(self, data: bytes, limit: int, /) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, limit)


def deflated(packed: Reader, *, size: int) -> bytes:
    """One raw deflate stream (a ZIP member) that must become exactly `size` bytes. Raises `Malformed`."""
    if size > limits.INFLATED or size > packed.size * limits.RATIO:
        raise Refused(f"a member that would become {size} bytes", reason=GapReason.LIMIT)
    try:
        data, used = _stream(packed, 0, _Deflate(-15), cap=size + 1)
    except zlib.error as error:
        raise Malformed("its deflate stream is broken") from error
    if len(data) != size or used != packed.size:
        raise Malformed("its deflate stream has another length than the directory says")
    return bytes(data)


_UNDO: Final[dict[str, tuple[Callable[[], _Undo], type[Exception]]]] = {
    "zlib": (lambda: _Deflate(15), zlib.error),
    "gzip": (lambda: _Deflate(31), zlib.error),
    "bz2": (bz2.BZ2Decompressor, OSError),
    "xz": (lzma.LZMADecompressor, lzma.LZMAError),
    "lzma": (lambda: lzma.LZMADecompressor(format=lzma.FORMAT_ALONE), lzma.LZMAError),
}


def undone(packed: Reader, kind: str) -> bytes:
    """All streams of a compressed file, one after the other. Raises `Malformed`."""
    make, error_type = _UNDO[kind]
    whole = bytearray()
    at = 0
    try:
        while at < packed.size:
            data, used = _stream(packed, at, make(), cap=limits.INFLATED - len(whole))
            whole += data
            at += used
    except (error_type, EOFError) as error:
        raise Malformed(f"its {kind} stream is broken, or something else follows it") from error
    return bytes(whole)


def _stream(packed: Reader, start: int, undo: _Undo, *, cap: int) -> tuple[bytearray, int]:
    """One stream from `start`: its content, and how many packed bytes it took."""
    whole = bytearray()
    at = start
    while not undo.eof:
        needs = undo.needs_input
        data = packed.upto(at, _STEP) if needs else b""
        at += len(data)
        if needs and not data:
            raise Malformed("a compressed stream is cut short")
        whole += undo.decompress(data, _STEP)
        if len(whole) > cap:
            raise Refused(f"it becomes more than {cap} bytes", reason=GapReason.LIMIT)
    return whole, at - start - len(undo.unused_data)
