"""ZIP files in which every field can lie."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member. What is None is true; `local_*` lies in the local header only."""

    name: str
    data: bytes
    method: int = 0
    flags: int = 0
    crc: int | None = None
    local_name: str | None = None
    local_flags: int | None = None
    packed: bytes | None = None


def archive(members: Iterable[Member], *, prefix: bytes = b"", comment: bytes = b"", adjust: bool = True) -> bytes:
    """The file. `adjust` counts the prefix in all offsets, as if it belonged to the archive."""
    out = bytearray(prefix)
    base = 0 if adjust else len(prefix)
    central = bytearray()
    count = 0
    for member in members:
        packed = _packed(member)
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        name = member.name.encode()
        local = name if member.local_name is None else member.local_name.encode()
        flags = member.flags if member.local_flags is None else member.local_flags
        sizes = (crc, len(packed), len(member.data))
        offset = len(out) - base
        out += struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, flags, member.method, 0, 33, *sizes, len(local), 0)
        out += local + packed
        central += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, member.flags, member.method, 0, 33, *sizes,
                               len(name), 0, 0, 0, 0, 0, offset)  # fmt: skip
        central += name
        count += 1
    start = len(out) - base
    out += central
    out += struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(central), start, len(comment)) + comment
    return bytes(out)


def _packed(member: Member) -> bytes:
    if member.packed is not None:
        return member.packed
    if member.method != 8:
        return member.data
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(member.data) + deflate.flush()
