"""Pictures, sounds, documents, fonts and logs: formats that no loader runs or unpickles, told by their first fields.

What else the same bytes could be is told beside this, in `formats.identify`: there a picture cannot hide a model.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Callable, Final
from safeload.parsers.facts import Part

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_RIFF: Final = frozenset({b"WAVE", b"WEBP", b"AVI "})
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_CRC32C: Final = 0x82F63B78


def _number(head: bytes, at: int, n: int) -> int:
    return int.from_bytes(head[at : at + n], "little")


def _riff(head: bytes, size: int) -> bool:
    return head[:4] == b"RIFF" and head[8:12] in _RIFF


def _bmp(head: bytes, size: int) -> bool:
    return head[:2] == b"BM" and head[6:10] == bytes(4) and _number(head, 14, 4) in _BMP_HEADERS


def _icon(head: bytes, size: int) -> bool:
    """A directory of pictures, the first of which lies behind it."""
    count = _number(head, 4, 2)
    return head[:4] in (b"\0\0\1\0", b"\0\0\2\0") and count > 0 and 6 + 16 * count <= _number(head, 18, 4) < size


def _boxes(head: bytes, size: int) -> bool:
    """MP4, MOV, AVIF, HEIC: a box that says what the others are."""
    return head[4:8] == b"ftyp" and head[:2] == bytes(2) and head[8:12].isascii()


def _font(head: bytes, size: int) -> bool:
    return head[:4] in (b"wOFF", b"wOF2", b"OTTO") or (head[:4] == b"\0\1\0\0" and 0 < head[5] < 64 and not head[4])


def _records(head: bytes, size: int) -> bool:
    """TFRecord, as in `events.out.tfevents…`: the length of the first record, with its checksum.

    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    if len(head) < 12 or 16 + _number(head, 0, 8) > size:
        return False
    crc = 0xFFFFFFFF
    for byte in head[:8]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC32C if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF == _number(head, 8, 4)


def _starts(*magic: bytes) -> Callable[[bytes, int], bool]:
    looks_right: Callable[[bytes, int], bool] = lambda head, size: head.startswith(magic)  # noqa: E731
    _signed[looks_right] = magic
    return looks_right


_signed: Final[dict[Callable[[bytes, int], bool], tuple[bytes, ...]]] = {}


# By the first fields of each, so much of them that hardly anything else begins in the same way.
_LOOKS: Final[tuple[tuple[str, Callable[[bytes, int], bool]], ...]] = (
    ("png", _starts(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
    ("jpeg", _starts(b"\xff\xd8\xff")),
    ("gif", _starts(b"GIF87a", b"GIF89a")),
    ("riff", _riff),
    ("bmp", _bmp),
    ("tiff", _starts(b"II*\0", b"MM\0*")),
    ("icon", _icon),
    ("mp4", _boxes),
    ("ogg", _starts(b"OggS\0")),
    ("flac", _starts(b"fLaC\0")),
    ("mp3", _starts(b"ID3\2", b"ID3\3", b"ID3\4")),
    ("matroska", _starts(b"\x1a\x45\xdf\xa3")),
    ("pdf", _starts(b"%PDF-1.", b"%PDF-2.")),
    ("font", _font),
    ("tfrecord", _records),
)
FORMATS: Final = frozenset(name for name, _ in _LOOKS)


def kinds(head: bytes, reader: Reader) -> list[str]:
    looks = _LOOKS if head.startswith(_SIGNATURES) else _UNSIGNED
    return [name for name, looks_right in looks if looks_right(head, reader.size)]


# Nearly every file has none of them, which one look tells.
_SIGNATURES: Final = tuple(magic for many in _signed.values() for magic in many)
_UNSIGNED: Final = tuple(look for look in _LOOKS if look[1] not in _signed)


def read(reader: Reader, visit: Visit) -> Parts:
    """There is nothing in it that a loader acts on."""
    return (Part(member=visit.member, format=visit.kind),)
