"""A small file of each kind that comes with a model and that no loader acts on."""

from __future__ import annotations

import struct
from typing import Final

from tests.builders.protobufs import field

_FORMS: Final = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0" + bytes(4) + b"\0\0\0\0IEND\xaeB`\x82",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9",
    "gif": b"GIF89a\1\0\1\0\0\0\0;",
    "riff": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\0\0\0\0",
    "bmp": b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0" + bytes(28),
    "tiff": b"II*\0\x08\0\0\0\0\0\0\0\0\0",
    "icon": b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\4\0\0\0\x16\0\0\0" + bytes(4),
    "mp4": b"\0\0\0\x18ftypisom\0\0\2\0isommp41\0\0\0\x08free",
    "ogg": b"OggS\0\2" + bytes(20),
    "flac": b"fLaC\0\0\0\x22" + bytes(34),
    "mp3": b"ID3\3\0\0\0\0\0\0\xff\xfb" + bytes(20),
    "matroska": b"\x1a\x45\xdf\xa3\x84\x42\x82\x81w",
    "pdf": b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n",
    "font": b"wOF2\0\1\0\0" + bytes(40),
    "parquet": b"PAR1" + bytes(8) + struct.pack("<I", 8) + b"PAR1",
    "arrow": b"ARROW1\0\0" + bytes(8) + struct.pack("<I", 8) + b"ARROW1",
}


def samples() -> dict[str, bytes]:
    piece = field(1, field(1, "<unk>") + b"\x15" + struct.pack("<f", 0.0) + field(3, 2))
    record = struct.pack("<Q", 24)
    return {**_FORMS, "sentencepiece": piece * 3, "tfrecord": record + _masked(record) + bytes(28)}


def _masked(raw: bytes) -> bytes:
    """CRC-32C, turned and moved: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details"""
    crc = 0xFFFFFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 * (crc & 1))
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
