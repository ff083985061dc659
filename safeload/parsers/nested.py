"""Pickles inside byte or string literals of another pickle, which something named there could unpickle."""

from __future__ import annotations

import io
import re
from typing import Any, Final

from safeload import limits
from safeload.parsers.facts import GapReason
from safeload.parsers.ledger import Ledger, Refused
from safeload.parsers.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.reader import Reader

# PROTO, a protocol that exists, and an opcode that can stand first. Bytes within bytes are contiguous, so one search
# over the member finds them at every depth.
_HEAD: Final = re.compile(rb"\x80[\x00-\x05][(\])}NIJKLMFGSTUVXBCcP\x80\x82-\x84\x88-\x8b\x8c-\x8f\x95-\x97]")
_TRIES: Final = 100_000


def explore(reader: Reader, ledger: Ledger, spans: list[tuple[int, int]], *, starts: frozenset[int]) -> int:
    """Run what looks like a pickle in the spans, and in the literals that calls were given. Returns how many ran."""
    budget = _Budget()
    count = sum(_in_span(reader, ledger, span, starts, budget) for span in spans)
    for depth in range(limits.NESTED_DEPTH + 1):
        literals, ledger.literals = ledger.literals, {}
        if not literals:
            break
        if depth == limits.NESTED_DEPTH:
            raise Refused(f"pickles more than {depth} deep in literals", reason=GapReason.LIMIT)
        count += sum(_try(io.BytesIO(literal), ledger, budget) for literal in literals)
    return count


def _in_span(reader: Reader, ledger: Ledger, span: tuple[int, int], starts: frozenset[int], budget: _Budget) -> int:
    if not reader.local and span[1] - span[0] > limits.SMALL_FILE:
        return 0  # over a network nothing large is read twice; the local scan before the grant does it
    count = 0
    file = None
    tail = b""
    for offset, data in reader.chunks(*span):
        window = tail + data
        for match in _HEAD.finditer(window):
            at = offset - len(tail) + match.start()
            if at in starts:
                continue
            file = file or reader.file(at)
            file.seek(at)
            count += _try(file, ledger, budget)
        tail = data[-2:]
    return count


def _try(file: Any, ledger: Ledger, budget: _Budget) -> int:
    """One candidate: it counts when it comes to STOP, or names something before it fails."""
    start = file.tell()
    trial = Machine(file, ledger, Nowhere())
    stopped = False
    try:
        trial.load()
        stopped = True
    except Refused:
        raise
    except VM_ERRORS:
        pass  # most candidates are data that only looks like a pickle
    budget.spend(file.tell() - start)
    return int(bool(trial.names) or (stopped and file.tell() - start > 4))


class _Budget:
    """Bounds how much is run again: literals can overlap in thousands."""

    def __init__(self) -> None:
        self._tries = 0
        self._bytes = 0

    def spend(self, n: int) -> None:
        self._tries += 1
        self._bytes += n
        if self._tries > _TRIES or self._bytes > limits.NESTED_BYTES:
            raise Refused("too much that looks like pickles in literals", reason=GapReason.LIMIT)
