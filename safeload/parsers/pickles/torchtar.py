"""torch's format before 0.1.10: a tar whose members hold pickles with raw numbers between them.

`torch.load` tries it for every file that is no ZIP.
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any
from safeload.parsers.facts import Gap, GapReason, Part, PickleFacts, Stream
from safeload.parsers.pickles.frames import Watched
from safeload.parsers.pickles.ledger import Ledger
from safeload.parsers.pickles.legacy import ELEMENT
from safeload.parsers.pickles.machine import Machine, Place, finish
from safeload.parsers.pickles.pickle import conclude, stream
from safeload.parsers.pickles.standins import Named

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader


def read(reader: Reader, name: str, member: tuple[str, ...]) -> Part:
    """One of the three members, by its own layout."""
    facts, gap = _Run(reader).facts(name)
    return Part(member=member, format="torch-legacy", pickle=facts, gap=gap)


class _Machine(Machine):
    """In this format a persistent id is a number in digits, which stands for a tensor of another member."""

    def persistent_load(self, pid: Any) -> Any:
        if type(pid) is int or (type(pid) is str and pid.isascii() and pid.isdigit()):
            return self._ledger.number_id()
        if type(pid) is tuple and len(pid) == 3 and isinstance(pid[0], Named):
            return self._ledger.answer(("module", *pid))
        return super().persistent_load(pid)


class _Run:
    """Pickles of one member, one after another, with what is read between them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._ledger = Ledger()
        self._streams: list[Stream] = []
        self._gap: Gap | None = None
        self._at = 0

    def facts(self, name: str) -> tuple[PickleFacts, Gap | None]:
        try:
            {"storages": self._storages, "tensors": self._tensors, "pickle": self._pickle}[name]()
        except Malformed as error:
            self._gap = self._gap or Gap(reason=GapReason.MALFORMED, detail=str(error))
        left = self._reader.size - self._at
        if self._gap is None and left and name != "pickle":
            self._gap = Gap(reason=GapReason.MALFORMED, detail=f"{left} bytes behind the last pickle")
        spans = [(s.offset, s.offset + s.length) for s in self._streams]
        return conclude(
            self._reader, self._ledger, self._streams, self._gap, reading="torch-tar", leftover=left, spans=spans
        )

    def _pickle(self) -> Any:
        """The next one's value. Raises `Malformed` where it does not come to its end."""
        file = self._reader.file(self._at)
        watched = Watched(file)
        machine = _Machine(watched, self._ledger, Place(file, self._at))
        done = finish(machine, self._ledger, self._at, file)
        self._streams.append(stream(self._reader, done))
        self._at = done.end
        self._gap = done.gap
        if watched.crossed and done.gap is None:
            self._gap = Gap(reason=GapReason.MALFORMED, detail="an opcode crosses the end of its frame")
        if self._gap is not None:
            raise Malformed(self._gap.detail)
        return done.value

    def _count(self) -> int:
        value = self._pickle()
        if type(value) is not int or not 0 <= value <= limits.STREAMS:
            raise Malformed("the number of pickles is none")
        return value

    def _storages(self) -> None:
        for _ in range(self._count()):
            said = self._pickle()
            kind = said[2] if type(said) is tuple and len(said) == 3 else None
            size = ELEMENT.get(kind.page.name) if isinstance(kind, Named) else None
            if size is None:
                raise Malformed("a storage without a size that is known")
            self._skip(8 + size * self._integer(8))
        self._pickle()  # views: which storages are parts of others

    def _tensors(self) -> None:
        for _ in range(self._count()):
            self._pickle()
            dimensions = self._integer(4)
            if dimensions > 64:
                raise Malformed("a tensor of more than 64 dimensions")
            self._skip(8 + 16 * dimensions + 8)

    def _integer(self, n: int) -> int:
        value = int.from_bytes(self._reader.read_at(self._at, n), "little", signed=True)
        if value < 0:
            raise Malformed("a negative size")
        return value

    def _skip(self, n: int) -> None:
        if self._at + n > self._reader.size:
            raise Malformed("numbers that reach beyond the end")
        self._at += n
