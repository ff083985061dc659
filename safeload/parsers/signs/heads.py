"""Formats without a signature, or with one of their own, by the first bytes alone."""

from __future__ import annotations

import codecs

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final, pattern

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

MIL_BLOCK: Final = 64  # bytes of the header, of each array's description, and what arrays are aligned to
MIL_SENTINEL: Final = 0xDEADBEEF
BUNDLE_FOOTER: Final = 48

_MSGPACK_MAPS: Final = (0xDE, 0xDF)
_SPACY_MSGPACK: Final = pattern(
    rb"(?s:(?:[\x81-\x8f]|\xde..|\xdf....)\xcf|(?:[\x91-\x9f]|\xdc..|\xdd....)[\x81-\x8f][\xa1-\xbf])"
)
_LIGHTGBM: Final = pattern(rb"tree\r?\n(version=v[0-9]+|num_class=)")
_MIL_VERSION: Final = 2
_BUNDLE: Final = 0xDB4775248B80FB57.to_bytes(8, "little")
_HDF5: Final = b"\x89HDF\r\n\x1a\n"


def msgpack(head: bytes, reader: Reader) -> bool:
    """A map whose first key is a text of letters; as spaCy has them, one by hashes, a list of maps, or nothing."""
    if (head[:1] > b"\x80" and _SPACY_MSGPACK.match(head)) or (reader.size == 1 and head in (b"\x80", b"\x90")):
        return True
    if not head or not (0x81 <= head[0] <= 0x8F or head[0] in _MSGPACK_MAPS):
        return False
    at = {0xDE: 3, 0xDF: 5}.get(head[0], 1)
    mark = head[at : at + 1]
    if not mark or not (0xA1 <= mark[0] <= 0xBF or mark[0] == 0xD9):
        return False
    start, length = (at + 1, mark[0] & 0x1F) if mark[0] != 0xD9 else (at + 2, head[at + 1] if at + 1 < len(head) else 0)
    key = head[start : start + length]
    return len(key) == length > 0 and key.isascii() and key.decode("ascii").isprintable()


def ubjson(head: bytes, reader: Reader) -> bool:
    """An object whose first key has a length in binary, which JSON cannot have."""
    return head[:1] == b"{" and head[1:2] in (b"L", b"l", b"I", b"U", b"i") and b"\0" in head[:16]


def lightgbm(head: bytes, reader: Reader) -> bool:
    return head.startswith(b"tree") and _LIGHTGBM.match(head) is not None


def catboost(head: bytes, reader: Reader) -> bool:
    return head.startswith(b"CBM1")


def openvino(head: bytes, reader: Reader) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text.startswith((b"<?xml", b"<net ", b"<!")) and b"<net" in head


def coreml_weights(head: bytes, reader: Reader) -> bool:
    start = head[4:8] == _MIL_VERSION.to_bytes(4, "little") and not head[8:MIL_BLOCK].strip(b"\0")
    return start and head[MIL_BLOCK : MIL_BLOCK + 4] == MIL_SENTINEL.to_bytes(4, "little")


def tf_bundle(head: bytes, reader: Reader) -> bool:
    """An empty key first, whose value begins with the number of files; the magic number last."""
    if head[:2] != b"\0\0" or len(head) < 4 or head[3] != 0x08 or reader.size < BUNDLE_FOOTER:
        return False
    return reader.read_at(reader.size - 8, 8) == _BUNDLE


def tflite(head: bytes, reader: Reader) -> bool:
    return head[4:8] == b"TFL3"


def executorch(head: bytes, reader: Reader) -> bool:
    return head[4:6] == b"ET" and head[6:8].isdigit()


def safetensors(head: bytes, size: int) -> bool:
    """Eight bytes of a length that fits, and the start of a JSON object."""
    return len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= min(size - 8, limits.HEADER)


def text(head: bytes) -> bool:
    """Could the bytes be the start of a UTF-8 text?"""
    if not head or b"\0" in head:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def hdf5_behind(head: bytes, reader: Reader) -> bool:
    """Readers of HDF5 look for its signature behind anything, at 512 bytes and every doubling of that.

    Over a network each look is a request, for what almost no file has: the local scan that every grant needs does it.
    """
    at = 512
    if reader.whole is not None and _HDF5 not in reader.whole:
        return False
    while reader.local and at + len(_HDF5) <= reader.size:
        if reader.read_at(at, len(_HDF5)) == _HDF5:
            return True
        at *= 2
    return False
