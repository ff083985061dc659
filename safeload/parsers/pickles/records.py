"""The storages that a torch pickle asks for, held against the records of its archive.

torch before 2.10 took the pickle's word for how long a record is, and read on behind its end.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Mapping
from safeload.parsers.facts import Gap, GapReason
from safeload.parsers.pickles.legacy import ELEMENT

if TYPE_CHECKING:
    from safeload.parsers.containers import zip


def gap(storages: Mapping[str, tuple[str, int]], pickle: str, found: zip.Directory) -> Gap | None:
    """What is wrong with the records beside the member `pickle`; None if each is as long as the storage it holds."""
    if not storages:
        return None
    folder = pickle[: -len("data.pkl")]
    sizes = {entry.name: entry.size for entry in found.entries}
    for key, (kind, numel) in storages.items():
        if kind not in ELEMENT:
            continue
        needed, size = numel * ELEMENT[kind], sizes.get(f"{folder}data/{key}")
        if size != needed:
            there = "is not there" if size is None else f"has {size:,} bytes, not {needed:,}"
            return Gap(reason=GapReason.MALFORMED, detail=f"record {ascii(key)[:40]} {there}")
    return None
