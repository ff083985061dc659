"""How many parameters the headers of the weights hold, and of which type."""

from __future__ import annotations

from collections import Counter

from safeload.lean import Final
from safeload.signals.answers import count, number, opened, table
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject
from safeload.signals.quality.index import indexes, shards

# Bytes of one number, by the names of safetensors headers and of torch.
_BYTES: Final = {
    **dict.fromkeys(("F64", "I64", "U64", "C64", "float64", "int64", "uint64", "complex64"), 8.0),
    **dict.fromkeys(("F32", "I32", "U32", "float32", "int32", "uint32"), 4.0),
    **dict.fromkeys(("F16", "BF16", "I16", "U16", "float16", "bfloat16", "int16", "uint16"), 2.0),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "I8", "U8", "BOOL", "int8", "uint8", "bool"), 1.0),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 0.75),
    "F4": 0.5,
}


class Size(Probe):
    """Headers are facts. What an index claims beside them is compared: they should agree."""

    id = "quality-size"
    dimension = Dimension.QUALITY

    def observe(self, subject: Subject) -> Signal:
        paths = {a.path for a in opened(subject)}
        kinds: Counter[str] = Counter()
        for tensors in subject.report.tensors:
            if tensors.artifact in paths:
                kinds.update(tensors.parameters)
        total = sum(kinds.values())
        if not total:
            return self.signal(Outcome.UNKNOWN, "The headers do not say how many parameters there are.")
        evidence = [f"{dtype}: {n:,}" for dtype, n in kinds.most_common(10)]
        dtypes = ", ".join(dtype for dtype, _ in kinds.most_common(3))
        held = _in_bytes(kinds)
        size = f", {_as_bytes(held)}" if held is not None else ""
        sentence = f"The headers hold {_as_number(total)} parameters ({dtypes}{size})"
        claimed = _claimed(subject)
        if claimed is None or held is None:
            return self.signal(Outcome.NEUTRAL, f"{sentence}.", *evidence)
        if claimed != held:
            evidence.append(f"index: {claimed:,} bytes, headers: {held:,} bytes")
            sentence += f", and the index claims {_as_bytes(claimed)} in all."
            return self.signal(Outcome.WEIGHS_AGAINST, sentence, *evidence)
        return self.signal(Outcome.SUPPORTS, f"{sentence}, as the index says.", *evidence)


def _in_bytes(kinds: Counter[str]) -> int | None:
    if any(dtype not in _BYTES for dtype in kinds):
        return None
    return int(sum(_BYTES[dtype] * n for dtype, n in kinds.items()))


def _claimed(subject: Subject) -> int | None:
    """`total_size` of the one index that the load opens, where the headers of all its shards were read."""
    found = indexes(subject)
    if len(found) != 1:
        return None
    path, index = next(iter(found.items()))
    if index is None or not shards(path, index) <= {tensors.artifact for tensors in subject.report.tensors}:
        return None
    return number(table(index, "metadata") or {}, "total_size")


def _as_number(n: int) -> str:
    for unit, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if n >= unit:
            return f"{n / unit:.1f} {name}"
    return f"{n:,}"


def _as_bytes(n: int) -> str:
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n >= unit:
            return f"{n / unit:.1f} {name}"
    return count(n, "byte")
