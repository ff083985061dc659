"""The storages that a torch pickle asks for, held against the records of its archive.

torch before 2.10 took the pickle's word for how long a record is, and read on behind its end.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Callable, Final, Mapping
from safeload.parsers.facts import Gap, GapReason
from safeload.parsers.pickles.legacy import ELEMENT
from safeload.parsers.pickles.parameters import SPARSE
from safeload.parsers.tiers import Later

if TYPE_CHECKING:
    from safeload.parsers.containers import zip
    from safeload.parsers.facts import PickleFacts
    from safeload.parsers.reader import Reader

_sparse: Final = Later("safeload.parsers.pickles.sparse", "settled")
_LITTLE: Final = b"little"


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


def settled(facts: PickleFacts, stream: Reader, record: Callable[[str], Reader | None]) -> PickleFacts:
    """The facts of a pickle, when what its sparse tensors index was held against the records."""
    named = any((use.module, use.name) == SPARSE for use in facts.uses)
    checked: PickleFacts = _sparse(facts, stream, record) if named else facts
    return checked


def finder(pickle: str, found: zip.Directory, content: Callable[[zip.Entry], Reader]) -> Callable[[str], Reader | None]:
    """How to read the record of a key beside the member `pickle`; None where it is not there once, or turned about."""
    folder = pickle[: -len("data.pkl")]

    def named(name: str) -> Reader | None:
        same = [entry for entry in found.entries if entry.name.casefold() == f"{folder}{name}".casefold()]
        return content(same[0]) if len(same) == 1 else None

    def record(key: str) -> Reader | None:
        order = named("byteorder")
        return named(f"data/{key}") if order is None or order.upto(0, len(_LITTLE) + 1) == _LITTLE else None

    return record
