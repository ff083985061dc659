"""torch's format before 1.6: five pickles (magic, protocol, system, object, storage keys), then raw storages."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Gap, GapReason, Part, Stream
from safeload.parsers.pickles.ledger import Ledger
from safeload.parsers.pickles.pickle import conclude, stream
from safeload.parsers.pickles.readings import run

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_PICKLES: Final = 5
# Bytes of one element, by the name of the storage's class; each storage follows an 8-byte count of its own.
ELEMENT: Final = {
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
    "ComplexDoubleStorage": 16,
    "ComplexFloatStorage": 8,
    "QInt8Storage": 1,
    "QUInt8Storage": 1,
    "QInt32Storage": 4,
    "UntypedStorage": 1,
}


def read(reader: Reader) -> Part:
    """A file whose first pickle is torch's magic number."""
    ledger = Ledger()
    streams: list[Stream] = []
    gap: Gap | None = None
    keys: object = None
    at = 0
    for _ in range(_PICKLES):
        done = run(reader, ledger, at)
        streams.append(stream(reader, done))
        at = done.end
        gap = done.gap
        keys = done.value
        if gap is not None:
            break
    leftover = reader.size - at
    if gap is None:
        leftover, gap = _storages(ledger, keys, leftover)
    spans = [(s.offset, s.offset + s.length) for s in streams]
    facts, gap = conclude(reader, ledger, streams, gap, reading="torch-legacy", leftover=leftover, spans=spans)
    return Part(format="torch-legacy", pickle=facts, gap=gap)


def _storages(ledger: Ledger, keys: object, left: int) -> tuple[int, Gap | None]:
    """What is left of the file after the storages that the persistent ids announce, and why it cannot be told."""
    if type(keys) is not list or not all(type(key) is str for key in keys):
        return left, Gap(reason=GapReason.MALFORMED, detail="the storage keys are not a list of strings")
    total = 0
    for key in dict.fromkeys(keys):
        kind, numel = ledger.storages.get(key, ("", 0))
        if kind not in ELEMENT or numel < 0:
            return left, Gap(reason=GapReason.MALFORMED, detail=f"storage {ascii(key)[:40]} has no size that is known")
        total += 8 + numel * ELEMENT[kind]
    if total > left:
        return 0, Gap(reason=GapReason.MALFORMED, detail=f"the storages need {total} bytes, {left} are there")
    if total < left:
        return left - total, Gap(reason=GapReason.MALFORMED, detail=f"{left - total} bytes behind the last storage")
    return 0, None
