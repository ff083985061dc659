"""Literals in a coat: base64, hexadecimal digits or compression around what may be a pickle."""

from __future__ import annotations

import binascii
import zlib
from _bz2 import BZ2Decompressor
from _lzma import LZMADecompressor, LZMAError

from safeload.lean import Any, Final, Iterator, pattern
from safeload.parsers.pickles.shapes import STARTS

_HEAD: Final = 16  # bytes; the shortest pickle that calls something has more of them in base64
_HEX: Final = pattern(rb"[0-9A-Fa-f]+")
# Line breaks within base64 are usual, spaces are not: most text is told from it by its first words.
_TEXT_64: Final = pattern(rb"[A-Za-z0-9+/_\r\n-]+={0,2}\s*")
_URL: Final = bytes.maketrans(b"-_", b"+/")
_BROKEN: Final = (OSError, EOFError, ValueError, zlib.error, LZMAError)


def coated(value: str | bytes | bytearray) -> bool:
    """Could it be a pickle in a coat? Told by its first bytes, since most strings of most files are asked."""
    if len(value) < _HEAD:
        return False
    head = _raw(value[:_HEAD])
    return head.startswith(_PACKED) or any(raw.startswith(_PACKED) or _opens(raw) for raw in _text(head))


def undone(literal: bytes, *, room: int) -> Iterator[bytes]:
    """What the literal becomes without its coat, at most `room` bytes of it."""
    if coated(literal):
        yield from _text(literal)
        yield from _unpacked(literal, room)


def _raw(value: str | bytes | bytearray) -> bytes:
    return value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)


def _opens(raw: bytes) -> bool:
    """PROTO and an opcode; or, for the protocols without it, what looks like lines of text."""
    if raw[:1] == b"\x80":
        return len(raw) > 2 and raw[1] <= 5 and raw[2] in STARTS
    return raw[:1] != b"" and raw[0] in STARTS and all(32 <= byte < 127 or byte == 10 for byte in raw[:6])


def _text(literal: bytes) -> Iterator[bytes]:
    if not _TEXT_64.fullmatch(literal):
        return
    bare = b"".join(literal.split()).rstrip(b"=")
    if _HEX.fullmatch(bare):
        yield binascii.unhexlify(bare[: len(bare) & ~1])
    if len(bare) % 4 != 1:
        yield binascii.a2b_base64(bare.translate(_URL) + b"==")


def _unpacked(literal: bytes, room: int) -> Iterator[bytes]:
    for magic, make in _UNPACKERS:
        if literal.startswith(magic):
            try:
                yield make().decompress(literal, room)
            except _BROKEN:
                continue


def _zlib() -> Any:
    return zlib.decompressobj(wbits=47)  # zlib or gzip, by its head


_UNPACKERS: Final[tuple[tuple[bytes, Any], ...]] = (
    *((magic, _zlib) for magic in (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")),
    (b"BZh", BZ2Decompressor),
    (b"\xfd7zXZ\0", LZMADecompressor),
    (b"\x5d\0\0", LZMADecompressor),
)
_PACKED: Final = tuple(magic for magic, _ in _UNPACKERS)
