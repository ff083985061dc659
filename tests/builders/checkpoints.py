"""Files as torch and safetensors lay them out, around pickles of the test's choice."""

from __future__ import annotations

import json
import struct
from typing import Any

from tests.builders.zips import Member, archive

LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
LEGACY_PROTOCOL = b"\x80\x02M\xe9\x03."
LEGACY_SYSTEM = b"\x80\x02}."  # torch asks nothing of it
NO_KEYS = b"\x80\x02]."


def torch_zip(pickle: bytes, *, extra: tuple[Member, ...] = (), first: tuple[Member, ...] = (), **lies: Any) -> bytes:
    """A checkpoint as `torch.save` writes it. `lies` are fields of the member that holds the pickle."""
    members = (
        *first,
        Member(name="archive/data.pkl", data=pickle, **lies),
        Member(name="archive/byteorder", data=b"little"),
        Member(name="archive/version", data=b"3\n"),
        *extra,
    )
    return archive(members)


def torch_legacy(pickle: bytes, *, keys: bytes = NO_KEYS, behind: bytes = b"") -> bytes:
    """A checkpoint as torch wrote it before 1.6."""
    return LEGACY_MAGIC + LEGACY_PROTOCOL + LEGACY_SYSTEM + pickle + keys + behind


def safetensors(header: dict[str, Any] | bytes, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data
