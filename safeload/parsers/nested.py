"""Pickles inside byte or string literals of another pickle, which something named there could unpickle."""

from __future__ import annotations

import io
import re
from typing import Any, Final

from safeload import limits
from safeload.parsers.facts import GapReason
from safeload.parsers.frames import Watched
from safeload.parsers.ledger import Ledger, Refused
from safeload.parsers.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.reader import Reader

# PROTO, a protocol that exists, and an opcode that can stand first. Bytes within bytes are contiguous, so one search
# over the member finds them at every depth.
_HEAD: Final = re.compile(rb"\x80[\x00-\x05][(\])}NIJKLMFGSTUVXBCcP\x80\x82-\x84\x88-\x8b\x8c-\x8f\x95-\x97]")
_TRIES: Final = 100_000
_TIMES: Final = 16  # how often all bytes of a member may be read again


def explore(reader: Reader, ledger: Ledger, spans: list[tuple[int, int]], *, starts: frozenset[int]) -> int:
    """Run what looks like a pickle in the spans, and in the literals that calls were given. Returns how many ran.

    `starts` are the places of pickles that ran already. Raises `Refused` when there is too much, or too deep.
    """
    search = _Search(reader, ledger, starts)
    for span in spans:
        search.span(*span)
    for _ in range(limits.NESTED_DEPTH):
        literals, ledger.literals = ledger.literals, {}
        for literal in literals:
            search.literal(literal)
    if any(literal not in search.ran for literal in ledger.literals):
        raise Refused(f"pickles more than {limits.NESTED_DEPTH} deep in literals", reason=GapReason.LIMIT)
    return search.count


class _Trial(Machine):
    """A run of what may be mere data: a name that nothing importable can have ends it."""

    def find_class(self, module: str, name: str) -> Any:
        if not (module + name).isprintable() or len(module) + len(name) > limits.NAME:
            raise ValueError("not a name")
        return super().find_class(module, name)


class _Search:
    """Candidates are run once each, until a budget is spent: literals can overlap in thousands."""

    def __init__(self, reader: Reader, ledger: Ledger, starts: frozenset[int]) -> None:
        self._reader = reader
        self._ledger = ledger
        self._starts = starts
        self._tries = 0
        self._bytes = 0
        self._budget = max(limits.NESTED_BYTES, _TIMES * reader.size)
        self.ran: set[bytes] = set()
        self.count = 0

    def span(self, start: int, end: int) -> None:
        """A part of the member: what starts with PROTO anywhere in it."""
        if not self._reader.local and end - start > limits.SMALL_FILE:
            return  # over a network nothing large is read twice; the local scan before a grant does it
        file: Any = None
        tail = b""
        for offset, data in self._reader.chunks(start, end):
            for match in _HEAD.finditer(tail + data):
                at = offset - len(tail) + match.start()
                if at not in self._starts:
                    file = file or self._reader.file(at)
                    file.seek(at)
                    if self._try(file, end):
                        # A call that was given this literal reports it as well.
                        self.ran.add(self._reader.upto(at, min(file.tell() - at, limits.SMALL_FILE)))
            tail = data[-2:]

    def literal(self, content: bytes) -> None:
        if content not in self.ran:
            self.ran.add(content)
            self._try(io.BytesIO(content), len(content))

    def _try(self, file: Any, end: int) -> bool:
        """One candidate: it counts when it comes to STOP, or names something before it fails."""
        start = file.tell()
        watched = Watched(_Within(file, end))
        seen = Ledger()
        machine = _Trial(watched, seen, Nowhere())
        stopped = False
        try:
            machine.load()
            stopped = True
        except Refused:
            self._ledger.absorb(seen)
            raise
        except VM_ERRORS:
            pass  # most candidates are data that only looks like a pickle
        used = file.tell() - start
        self._tries += 1
        self._bytes += used
        if self._tries > _TRIES or self._bytes > self._budget:
            raise Refused("too much that looks like pickles in literals", reason=GapReason.LIMIT)
        found = bool(machine.names) or (stopped and used > 4)
        if found and watched.crossed:
            raise Refused("a pickle in a literal crosses the end of its frame; unpicklers differ")
        if found:
            self._ledger.absorb(seen)
        self.count += found
        return found


class _Within:
    """A file that ends at `end`: a length beyond it, which random data is full of, costs nothing."""

    __slots__ = ("_end", "_file")

    def __init__(self, file: Any, end: int) -> None:
        self._file = file
        self._end = end

    def read(self, n: int) -> bytes:
        return self._file.read(n) if self._file.tell() + n <= self._end else b""

    def readline(self) -> bytes:
        return self._file.readline(self._end - self._file.tell())  # type: ignore[no-any-return]

    def readinto(self, buffer: Any) -> int:
        fits = self._file.tell() + len(buffer) <= self._end
        return self._file.readinto(buffer) if fits else 0
