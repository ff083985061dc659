"""What the names, places and checksums in a ZIP say, beside its directory."""

from __future__ import annotations

import zlib

from safeload import limits
from safeload.lean import TYPE_CHECKING
from safeload.parsers.containers.membernames import outside, unprintable

if TYPE_CHECKING:
    from safeload.parsers.containers.zip import Directory, Entry
    from safeload.parsers.reader import Reader


def check_crc(found: Directory, entry: Entry, member: Reader) -> None:
    crc = 0
    for _, data in member.chunks(0, member.size):
        crc = zlib.crc32(data, crc)
    if crc != entry.crc:
        found.odd("crc-differs", ascii(entry.name)[1:-1])


def check_names(found: Directory) -> None:
    """What the names and places of the entries say, without reading any of them."""
    seen: dict[bytes, None] = {}
    folded: dict[str, None] = {}
    roots = 0
    for entry in found.entries:
        shown = ascii(entry.name)[1:-1][: limits.EVIDENCE]
        low = entry.name.casefold()
        if entry.raw in seen:
            found.odd("duplicate-member", shown)
        elif low in folded:
            found.odd("case-variant", shown)
        seen[entry.raw] = folded[low] = None
        roots += low.rpartition("/")[2] == "data.pkl"
        if entry.encrypted:
            found.odd("encrypted-member", shown)
        if entry.method not in (0, 8):
            found.odd("compression-method", f"{shown} ({entry.method})")
        if outside(entry.name):
            found.odd("path-outside", shown)
        if unprintable(entry.name):
            found.odd("unsafe-name", shown)
    if roots > 1:
        found.odd("several-data-pkl", str(roots))
    last = 0
    for entry in sorted(found.entries, key=lambda e: e.header):
        if entry.header < last:
            found.odd("overlapping-members", ascii(entry.name)[1:-1][: limits.EVIDENCE])
        last = max(last, entry.header + 30 + len(entry.raw) + entry.packed)
