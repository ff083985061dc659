"""Which formats the bytes could be: content decides, names never do, and a polyglot has several."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers import structured
from safeload.parsers.containers import tar, zip
from safeload.parsers.pickles.shapes import STARTS
from safeload.parsers.signs import heads

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

HEAD: Final = 512

# Signatures at the very start. Formats that have a parser of their own are recognised in `identify`.
_MAGIC: Final = (
    (b"\x93NUMPY", "npy"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"ZF0x", "joblib-compat"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"GGUF", "gguf"),
    (b"ggml", "ggml"),
    (b"lmgg", "ggml"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"SQLite format 3\x00", "sqlite"),
)
_SIGNATURES: Final = tuple(magic for magic, _ in _MAGIC)
COMPRESSED: Final = frozenset({"zlib", "gzip", "bz2", "xz", "lzma"})
_PACKED: Final = COMPRESSED | {"lz4", "zstd", "joblib-compat"}


def identify(reader: Reader) -> tuple[str, ...]:
    """Every format whose signature matches, the likeliest first; `unknown` alone when none does.

    `pickle` stands for a PROTO opcode, `pickle-like` for bytes that could start a pickle of protocol 0 or 1: text can
    look like that too, so only trying tells.
    """
    if reader.size == 0:
        return ("empty",)
    head = reader.upto(0, HEAD)
    found = _signed(head)
    if head.startswith(zip.LOCAL):
        found.append("zip")
    if looks_like_pickle(head):
        found.append("pickle")
    if heads.safetensors(head, reader.size):
        found.append("safetensors")
    if _zlib(head):
        found.append("zlib")
    if tar.looks_right(head):
        found.append("tar")
    found += structured.kinds(head, reader)
    if "zip" not in found and zip.end_of(reader) >= 0 and not ("tar" in found and _in_member(reader)):
        found.append("zip")
    if heads.text(head):
        found.append("text")
    if head[0] in STARTS and "pickle" not in found:
        found.append("pickle-like")
    return tuple(_ordered(found)) or ("unknown",)


def packed(head: bytes) -> bool:
    """Is it compressed as a whole, by its first bytes?"""
    return _zlib(head) or any(name in _PACKED for name in _signed(head))


def _signed(head: bytes) -> list[str]:
    return [name for magic, name in _MAGIC if head.startswith(magic)] if head.startswith(_SIGNATURES) else []


def _zlib(head: bytes) -> bool:
    return head[:1] == b"\x78" and head[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda")


def _in_member(reader: Reader) -> bool:
    """A ZIP that a tar holds near its end has an end record there, too: it is read as the member that it is."""
    try:
        return tar.directory(reader).holds(zip.end_of(reader))
    except Malformed:
        return False


def looks_like_pickle(head: bytes) -> bool:
    """PROTO, a protocol that exists, and an opcode that can come next: anything else fails before it has an effect.

    A safetensors file with a header of 0x580 bytes begins like protocol 5; its third byte is no opcode.
    """
    return len(head) > 2 and head[0] == 0x80 and head[1] <= 5 and head[2] in STARTS


def _ordered(found: list[str]) -> list[str]:
    """What starts the file before what only ends it."""
    unique = list(dict.fromkeys(found))
    return sorted(unique, key=lambda name: (name in ("text", "pickle-like"), name == "text"))
