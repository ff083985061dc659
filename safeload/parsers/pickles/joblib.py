"""joblib's files: a pickle with raw array bytes between its opcodes, often compressed."""

from __future__ import annotations

import io
import re
from itertools import product

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final, replace
from safeload.parsers.containers.inflate import after, undone
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Mention, Part, PickleFacts, Stream, Use
from safeload.parsers.pickles import kept, pickle, wrappers
from safeload.parsers.pickles.contents import FAR, Held, Later, held
from safeload.parsers.pickles.frames import Watched
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.machine import Machine, Place, Specials, finish
from safeload.parsers.reader import Reader, sha256

if TYPE_CHECKING:
    from safeload.parsers.visit import Parts, Visit

CONTENT: Final = "content"  # what a compressed file holds, as a member
_WRAPPER: Final = "NumpyArrayWrapper"
_HOMES: Final = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
# Those of joblib before 0.10 name other files to read.
_SIDECARS: Final = ("NDArrayWrapper", "ZNDArrayWrapper")
_WRAPPERS: Final = frozenset({_WRAPPER, *_SIDECARS})
_OLD_HOMES: Final = (*_HOMES, "joblib.numpy_pickle_compat")
_KNOWN: Final = frozenset({*((home, _WRAPPER) for home in _HOMES), *product(_OLD_HOMES, _SIDECARS)})
_LARGE: Final = 1 << 18  # bytes of an array
_PICKLED: Final = frozenset({"pickle", "joblib", "torch-legacy"})


def read(reader: Reader, plain: pickle.Outcome) -> Part:
    """A pickle as joblib reads it, where that differs from `plain`, what a plain unpickler sees."""
    names = {name for stream in plain.facts.streams for name in stream.names}
    if not any(name.rpartition(".")[2] in _WRAPPERS for _, name in names):
        return Part(format="pickle", pickle=plain.facts, gap=plain.gap)
    this = _Run(reader)
    facts, gap = this.facts()
    # A plain unpickler takes array bytes for opcodes, and nearly always fails there. What it resolves and calls before
    # that counts too; that it fails does not.
    facts = replace(facts, uses=_union(facts.uses, plain.facts.uses))
    beside = tuple(Mention(kind="sidecar", text=name) for name in this.sidecars)
    return Part(format="joblib", pickle=facts, mentions=beside, gap=gap)


def read_compressed(reader: Reader, visit: Visit) -> Parts:
    """A compressed file, undone as joblib and pandas undo it; what is in it is read as any other member."""
    return read_undone(reader, visit, undone(reader, visit.kind, visit.budget.inflate))


def read_zfile(reader: Reader, visit: Visit) -> Parts:
    """joblib's own form before 0.10: `ZF`, the length in hexadecimal over 19 characters, one zlib stream."""
    head = reader.upto(0, 22)
    stated = re.fullmatch(rb"ZF(0x[0-9a-f]{1,16})L? *", head[:21])
    if stated is None or len(head) < 22:
        raise Malformed("a length that joblib does not write")
    start = 22 if head[21:] == b" " else 21
    return read_undone(reader, visit, after(reader, start, visit.budget.inflate, size=int(stated[1], 16)))


def read_undone(reader: Reader, visit: Visit, content: Reader) -> Parts:
    """The same, for whoever undid it. A pickle counts as the compressed file itself: that is what a loader is given."""
    inner = (*visit.member, CONTENT)
    parts = visit.inside(content, CONTENT)
    near = reader.local or reader.size < limits.SMALL_FILE
    known = reader.artifact  # by those who hash it as it is read
    digest = sha256(reader, 0, reader.size) if near and not known and any(part.pickle for part in parts) else ""
    found: list[Part] = []
    for part in parts:
        if part.pickle is None or part.member != inner or part.format not in _PICKLED:
            found.append(part)
            continue
        names = sorted({name for stream in part.pickle.streams for name in stream.names})
        stream = Stream(offset=0, length=reader.size, sha256=digest, names=tuple(names), whole=known)
        facts = replace(part.pickle, reading="joblib", streams=(stream,))
        also = (*part.also, visit.kind)
        found.append(replace(part, member=visit.member, format="joblib", also=also, pickle=facts))
    if not found or found[0].member != visit.member:
        found.insert(0, Part(member=visit.member, format=visit.kind, archive=ArchiveFacts(members=1)))
    return tuple(found)


class _Run:
    """One reading with joblib's rules: array bytes are skipped, pickled arrays run on the same stand-ins."""

    def __init__(self, reader: Reader, ledger: Ledger | None = None) -> None:
        self._reader = reader
        self._ledger = ledger or Ledger()
        self._file = reader.file()
        self._spans: list[tuple[int, int]] = []
        self._from = 0
        self._inner: dict[tuple[str, str], None] = {}
        self._crossed = False
        self._starts = {0}
        self.sidecars: dict[str, None] = {}
        self._room = limits.ARRAYS_HELD
        self._values: list[Any] = []

    def _started(self) -> tuple[Watched, Machine]:
        wrapper = wrappers.wrapper(self._skip)
        beside = wrappers.wrapper(self._beside)
        special: Specials = {pair: wrapper if pair[1] == _WRAPPER else beside for pair in _KNOWN}
        file = Watched(self._file)
        return file, Machine(file, self._ledger, Place(self._file, 0), special=special)

    def facts(self) -> tuple[PickleFacts, Gap | None]:
        file, machine = self._started()
        done = finish(machine, self._ledger, 0, self._file)
        gap = done.gap or self._trouble(file, done.end, machine)
        size = self._reader.size
        names = tuple(sorted({**machine.names, **self._inner}))
        if gap is None and kept.unseen(self._ledger, names):
            self._hold(names)
        known = self._reader.artifact  # by those who hash it as it is read
        digest = "" if known else sha256(self._reader, 0, size)
        whole = Stream(offset=0, length=size, sha256=digest, names=names, whole=known)
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

    def _hold(self, names: tuple[tuple[str, str], ...]) -> None:
        holding = kept.Holding()
        other = _Run(self._reader, holding)
        _, machine = other._started()
        done = finish(machine, holding, 0, other._file)
        kept.mark(self._ledger, names, holding if done.gap is None else None, [done.value, other._values])

    def _trouble(self, file: Watched, end: int, machine: Machine) -> Gap | None:
        """What makes a run that came to STOP no evidence."""
        if file.crossed or self._crossed:
            return Gap(reason=GapReason.MALFORMED, detail="an opcode crosses the end of its frame; unpicklers differ")
        if self._ledger.passed_on(_WRAPPERS):
            return Gap(reason=GapReason.MALFORMED, detail="an array wrapper's class is handed to something else")
        if any(name.rpartition(".")[2] in _WRAPPERS and (home, name) not in _KNOWN for home, name in machine.names):
            return Gap(reason=GapReason.UNKNOWN_FORMAT, detail="array wrappers of a kind that is not read")
        if end != self._reader.size:
            return Gap(reason=GapReason.MALFORMED, detail=f"{self._reader.size - end} bytes behind the pickle")
        return None

    def _beside(self, state: Any) -> Held | None:
        """An array in a file of its own, which joblib opens by the name that stands here."""
        self.sidecars[wrappers.sidecar(state)] = None
        if len(self.sidecars) > limits.FILES:
            raise Refused("too many other files", reason=GapReason.LIMIT)
        return None

    def _skip(self, state: Any) -> Held | None:
        """The bytes that joblib reads for one array, from where the VM stands in the file."""
        size, padded = wrappers.length(state)
        if size is None:
            inner = Watched(self._file)
            self._starts.add(self._file.tell())
            machine = Machine(inner, self._ledger, Place(self._file, 0))
            value = machine.load()
            self._inner.update(machine.names)
            self._crossed = self._crossed or inner.crossed
            if isinstance(self._ledger, kept.Holding):
                self._values.append(value)
            return held(value)
        self._spans.append((self._from, self._file.tell()))
        if padded:
            padding = self._file.read(1)
            self._file.seek(padding[0] if padding else 1, io.SEEK_CUR)
        start = self._file.tell()
        if start + size > self._reader.size:
            raise Refused("an array that reaches beyond the end of the file")
        self._file.seek(size, io.SEEK_CUR)
        self._from = self._file.tell()
        return wrappers.kept(state, lambda: self._contents(start, size))

    def _contents(self, start: int, size: int) -> Any:
        """The bytes of an array; where they lie, if they are many and a file's, or if there is no more room."""
        if not self._reader.local:
            return FAR
        later = Later(reader=self._reader, start=start, size=size)
        if self._reader.lies and size > _LARGE:
            return later
        self._room -= size
        return self._reader.upto(start, size) if self._room >= 0 else later


def _union(first: tuple[Use, ...], second: tuple[Use, ...]) -> tuple[Use, ...]:
    seen = {(use.module, use.name, use.role, use.shape) for use in first}
    return first + tuple(use for use in second if (use.module, use.name, use.role, use.shape) not in seen)
