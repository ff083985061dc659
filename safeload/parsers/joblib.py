"""joblib's files: a pickle with raw array bytes between its opcodes, often compressed."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, Final

from safeload.parsers import formats, pickle, wrappers
from safeload.parsers.facts import Gap, GapReason, Part, PickleFacts, Stream, Use
from safeload.parsers.frames import Watched
from safeload.parsers.inflate import undone
from safeload.parsers.ledger import Ledger, Refused
from safeload.parsers.machine import Machine, Place, Specials, finish
from safeload.parsers.reader import Reader, sha256
from safeload.parsers.visit import Parts, Visit

_WRAPPER: Final = "NumpyArrayWrapper"
_HOMES: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
# Wrappers of joblib before 0.10 name other files to read.
_WRAPPERS: Final = frozenset({_WRAPPER, "NDArrayWrapper", "ZNDArrayWrapper"})


def read(reader: Reader, plain: pickle.Outcome) -> Part:
    """A pickle as joblib reads it, where that differs from `plain`, what a plain unpickler sees."""
    names = {name for stream in plain.facts.streams for name in stream.names}
    if not any(name.rpartition(".")[2] in _WRAPPERS for _, name in names):
        return Part(format="pickle", pickle=plain.facts, gap=plain.gap)
    facts, gap = _Run(reader).facts()
    # A plain unpickler takes array bytes for opcodes, and nearly always fails there. What it resolves and calls before
    # that counts too; that it fails does not.
    return Part(format="joblib", pickle=replace(facts, uses=_union(facts.uses, plain.facts.uses)), gap=gap)


def read_compressed(reader: Reader, visit: Visit) -> Parts:
    """A compressed pickle, undone as joblib and pandas undo it."""
    return read_undone(reader, visit, undone(reader, visit.kind))


def read_undone(reader: Reader, visit: Visit, content: bytes) -> Parts:
    """The same, for whoever undid it."""
    kind = visit.kind
    inside = Reader.of_bytes(content)
    plain = pickle.read(inside) if _signed(inside) else pickle.attempt(inside)
    if plain is None or not inside.size:
        gap = Gap(reason=GapReason.UNKNOWN_FORMAT, detail=f"{kind} that does not hold a pickle is not read")
        return (Part(member=visit.member, format=kind, gap=gap),)
    part = read(inside, plain)
    assert part.pickle is not None  # noqa: S101
    # The loader is given the compressed file, so that is what a grant can name.
    names = sorted({name for stream in part.pickle.streams for name in stream.names})
    whole = Stream(offset=0, length=reader.size, sha256=sha256(reader, 0, reader.size), names=tuple(names))
    facts = replace(part.pickle, reading="joblib", streams=(whole,))
    return (replace(part, member=visit.member, format="joblib", also=(kind,), pickle=facts),)


def _signed(reader: Reader) -> bool:
    return formats.looks_like_pickle(reader.upto(0, 3))


class _Run:
    """One reading with joblib's rules: array bytes are skipped, pickled arrays run on the same stand-ins."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ledger = Ledger()
        self._file = reader.file()
        self._spans: list[tuple[int, int]] = []
        self._from = 0
        self._inner: dict[tuple[str, str], None] = {}
        self._crossed = False
        self._starts = {0}

    def facts(self) -> tuple[PickleFacts, Gap | None]:
        wrapper = wrappers.wrapper(self._skip)
        special: Specials = {(home, _WRAPPER): wrapper for home in _HOMES}
        file = Watched(self._file)
        machine = Machine(file, self._ledger, Place(self._file, 0), special=special)
        done = finish(machine, self._ledger, 0, self._file)
        gap = done.gap or self._trouble(file, done.end, machine)
        size = self._reader.size
        names = tuple(sorted({**machine.names, **self._inner}))
        whole = Stream(offset=0, length=size, sha256=sha256(self._reader, 0, size), names=names)
        self._spans.append((self._from, done.end))
        return pickle.conclude(
            self._reader,
            self._ledger,
            [whole],
            gap,
            reading="joblib",
            leftover=size - done.end,
            spans=self._spans,
            starts=self._starts,
        )

    def _trouble(self, file: Watched, end: int, machine: Machine) -> Gap | None:
        """What makes a run that came to STOP no evidence."""
        if file.crossed or self._crossed:
            return Gap(reason=GapReason.MALFORMED, detail="an opcode crosses the end of its frame; unpicklers differ")
        if self._ledger.passed_on(_WRAPPERS):
            return Gap(reason=GapReason.MALFORMED, detail="an array wrapper's class is handed to something else")
        odd = [name for module, name in machine.names if name.rpartition(".")[2] in _WRAPPERS and module not in _HOMES]
        if odd or any(name != _WRAPPER for module, name in machine.names if module in _HOMES):
            return Gap(reason=GapReason.UNKNOWN_FORMAT, detail="array wrappers of a kind that is not read")
        if end != self._reader.size:
            return Gap(reason=GapReason.MALFORMED, detail=f"{self._reader.size - end} bytes behind the pickle")
        return None

    def _skip(self, state: Any) -> None:
        """The bytes that joblib reads for one array, from where the VM stands in the file."""
        size, padded = wrappers.length(state)
        if size is None:
            inner = Watched(self._file)
            self._starts.add(self._file.tell())
            machine = Machine(inner, self._ledger, Place(self._file, 0))
            machine.load()
            self._inner.update(machine.names)
            self._crossed = self._crossed or inner.crossed
            return
        self._spans.append((self._from, self._file.tell()))
        if padded:
            padding = self._file.read(1)
            size += padding[0] if padding else 1
        if self._file.tell() + size > self._reader.size:
            raise Refused("an array that reaches beyond the end of the file")
        self._file.seek(size, io.SEEK_CUR)
        self._from = self._file.tell()


def _union(first: tuple[Use, ...], second: tuple[Use, ...]) -> tuple[Use, ...]:
    seen = {(use.module, use.name, use.role, use.shape) for use in first}
    return first + tuple(use for use in second if (use.module, use.name, use.role, use.shape) not in seen)
