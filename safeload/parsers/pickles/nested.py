"""Pickles inside byte or string literals of another pickle, which something named there could unpickle."""

from __future__ import annotations

import io
import re

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final, Iterable, Iterator, pattern
from safeload.parsers.facts import GapReason, PickleRole
from safeload.parsers.pickles import encoded
from safeload.parsers.pickles.frames import Watched
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.pickles.plain import Lines, literals
from safeload.parsers.pickles.within import Within

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

# PROTO, a protocol that exists, and an opcode that can stand first. Bytes within bytes are contiguous, so one search
# over the member finds them at every depth.
_HEAD: Final = pattern(rb"\x80[\x00-\x05][(\])}NIJKLMFGSTUVXBCcP\x80\x82-\x84\x88-\x8b\x8c-\x8f\x95-\x97]")
# What can only fail, told without running it: values of fixed size, then an opcode for a MARK, of which there is none.
# Numbers in their thousands hold what looks like PROTO, and from there on run like this to the end of their list.
_HOPELESS: Final = pattern(
    rb"\x80[\x00-\x05](?:G.{8}|K.|[N\x88\x89\x94)\]}]|J.{4}|M..|q.|\x8a\x01.|\x8a\x02..)*[tuedlo\x90\x91]", re.DOTALL
)
_TRIES: Final = 100_000
_AHEAD: Final = 4 * limits.KIB  # most candidates fail within a few bytes
_TIMES: Final = 16  # how often all bytes of a member may be read again


def explore(
    reader: Reader,
    ledger: Ledger,
    spans: list[tuple[int, int]],
    *,
    starts: frozenset[int],
    values: Iterable[Any] = (),
    numbers: Iterable[tuple[int, int]] = (),
) -> int:
    """Run what looks like a pickle in the spans, and in the literals that calls were given. Returns how many ran.

    `starts` are the places of pickles that ran already, `values` what they gave, `numbers` the places of literals that
    are those of arrays (`located.py`). Raises `Refused` when there is too much, or too deep.
    """
    search = _Search(reader, ledger, starts, numbers)
    for span in spans:
        search.span(*span)
    for literal in literals(values):
        search.literal(literal)
    for _ in range(limits.NESTED_DEPTH):
        found, ledger.literals = ledger.literals, {}
        for literal in found:
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

    def __init__(
        self, reader: Reader, ledger: Ledger, starts: frozenset[int], numbers: Iterable[tuple[int, int]]
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._starts = starts
        self._numbers = frozenset(numbers)
        self._lines = Lines(ledger)
        self._tries = 0
        self._bytes = 0
        self._budget = max(limits.NESTED_BYTES, _TIMES * reader.size)
        self.ran: set[bytes] = set()
        self.count = 0

    def span(self, start: int, end: int) -> None:
        """A part of the member: what starts with PROTO anywhere in it, or reads like the protocols before that."""
        if not self._reader.local and end - start > limits.SMALL_FILE:
            return  # over a network nothing large is read twice; the local scan before a grant does it
        if self._reader.upto(start, 1) == b"\x80":
            # The numbers of an array are left out. What would make bytes of them again, to unpickle these, has names
            # which are judged themselves. Where the same literal is given to anything else, the ledger has it.
            for offset, n in self._between(start, end):
                self._part(start, offset, end, lines=True)
                start = offset + n
            self._part(start, end, end, lines=True)
        else:
            # Protocol 0 is text, its literals hold no line ends: what spans lines there is the stream's own opcodes.
            self._part(start, end, end, lines=False)

    def _between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for offset, n in sorted(self._numbers):
            if start <= offset and offset + n <= end:
                yield offset, n
                start = offset + n

    def _part(self, start: int, end: int, last: int, *, lines: bool) -> None:
        file: Any = None
        for base, whole in self._reader.pieces(start, end, before=2):
            for match in _HEAD.finditer(whole):
                at = base + match.start()
                if at not in self._starts and not self._hopeless(whole, match.start()):
                    file = file or self._reader.file(at, ahead=_AHEAD)
                    file.seek(at)
                    if self._try(file, last):
                        # A call that was given this literal reports it as well.
                        self.ran.add(self._reader.upto(at, min(file.tell() - at, limits.SMALL_FILE)))
            for at in self._lines.starts(whole) if lines else ():
                if base + at not in self._starts:
                    self._plain(bytes(whole[at : at + limits.PLAIN_PICKLE]))

    def _hopeless(self, data: bytearray | bytes, at: int) -> bool:
        end = _HOPELESS.match(data, at)
        if end is None:
            return False
        self._tries += 1
        self._spend(end.end() - at)
        return True

    def _plain(self, content: bytes) -> None:
        file = io.BytesIO(content)
        if self._try(file, len(content)):
            self.ran.add(content[: file.tell()])

    def literal(self, content: bytes, depth: int = 0) -> None:
        """A literal, and what it is without its coats."""
        if content in self.ran:
            return
        self.ran.add(content)
        self._try(io.BytesIO(content), len(content))
        for inner in encoded.undone(content, room=limits.NESTED_BYTES):
            if depth >= limits.NESTED_DEPTH:
                raise Refused(f"literals in more than {limits.NESTED_DEPTH} coats", reason=GapReason.LIMIT)
            self._spend(len(inner))
            self.literal(inner, depth + 1)

    def _try(self, file: Any, end: int) -> bool:
        """One candidate: it counts when it comes to STOP, or names something before it fails."""
        start = file.tell()
        signed = file.read(1) == b"\x80"
        file.seek(start)
        watched = Watched(Within(file, end))
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
        self._spend(used)
        # Two lines of text can read like a name; without PROTO it takes more to be a pickle.
        named = bool(machine.names) and (signed or stopped or _acts(seen))
        found = named or (signed and stopped and used > 4)
        if found and watched.crossed:
            raise Refused("a pickle in a literal crosses the end of its frame; unpicklers differ")
        if found:
            self._ledger.absorb(seen)
            self._lines.forget()
        self.count += found
        return found

    def _spend(self, used: int) -> None:
        self._bytes += used
        if self._tries > _TRIES or self._bytes > self._budget:
            raise Refused("too much that looks like pickles in literals", reason=GapReason.LIMIT)


def _acts(seen: Ledger) -> bool:
    return any(use.role is not PickleRole.REFERENCED for use in seen.uses())
