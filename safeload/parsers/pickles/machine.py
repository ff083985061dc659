"""The pickle machine: CPython's own unpickler, run on inert stand-ins.

No second implementation: what the C unpickler accepts is what is judged, at C speed. Any error of the run becomes a
gap; what was seen before it stays in the ledger.
"""

from __future__ import annotations

import _pickle

from safeload.lean import TYPE_CHECKING, Any, Final, Iterable, Protocol, field, pattern, record
from safeload.parsers.facts import Gap, GapReason
from safeload.parsers.pickles import (
    arrays,
    arrow,
    blocks,
    categories,
    forests,
    generators,
    natives,
    parameters,
    texterrors,
    trees,
    vectors,
)
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.rawbytes import Outside
from safeload.parsers.pickles.standins import Inert
from safeload.parsers.reader import recent

if TYPE_CHECKING:
    import io

# Everything that the VM raises on hostile bytes; anything else is a fault of ours, and ends the worker.
VM_ERRORS: Final = (
    _pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)
SPECIALS: Final = {
    **arrays.SPECIALS,
    **generators.SPECIALS,
    **natives.SPECIALS,
    **categories.SPECIALS,
    **blocks.SPECIALS,
    **arrow.SPECIALS,
    **parameters.SPECIALS,
    **texterrors.SPECIALS,
    **trees.SPECIALS,
    **forests.SPECIALS,
    **vectors.SPECIALS,
}
_EXTENSION: Final = pattern(r"unregistered extension code (\d+)")


class Resolving:
    """What both unpicklers ask for: a stand-in for a name, and for an object that lies elsewhere."""

    _ledger: Ledger
    _place: Where
    _special: Specials
    names: dict[tuple[str, str], None]

    def find_class(self, module: str, name: str) -> Any:
        made = self._ledger.known(module, name)
        if made is None:
            special = self._special.get((module, name))
            made = self._ledger.resolve(module, name, offset=self._place.of(name), special=special)
        page: Any = made.page
        page.resolved += 1
        self.names[page.module, page.name] = None
        return made

    def persistent_load(self, pid: Any) -> Any:
        return self._ledger.answer(pid)


class Machine(Resolving, _pickle.Unpickler):
    """The VM. `special` gives stand-ins that keep more than nothing, by name."""

    def __init__(self, file: Any, ledger: Ledger, place: Where, *, special: Specials | None = None) -> None:
        # Latin-1 never fails, so no loader's `encoding=` sees further than this. Names are recorded as they stand.
        self.outside = Buffers()
        super().__init__(file, fix_imports=False, encoding="latin1", buffers=self.outside)
        self._ledger = ledger
        self._place = place
        self._special = SPECIALS if special is None else {**SPECIALS, **special}
        self.names = {}


class Buffers:
    """Out-of-band buffers, which only the loader has: as many as the stream asks for, with nothing in them."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Buffers:
        return self

    def __next__(self) -> Outside:
        self.taken += 1
        return Outside()


Specials = dict[tuple[str, str], type[Inert]]


class Where(Protocol):
    def of(self, name: str) -> int: ...


class Place:
    """Where a name stands in its member: searched in what was read last, when the name is resolved first."""

    def __init__(self, file: io.BufferedReader[Any], start: int) -> None:
        self._file = file
        self._start = start
        self._last = start

    def of(self, name: str) -> int:
        """The next place behind the name before, which is where it nearly always stands; else the first there is."""
        wanted = name.encode("utf-8", "replace")
        for start in (self._last, self._start):
            for offset, data in recent(self._file):
                found = data.find(wanted, max(0, start - offset))
                if found >= 0:
                    self._last = offset + found
                    return self._last
        return -1


class Nowhere:
    """Names inside literals have no offset of their own."""

    def of(self, name: str) -> int:
        return -1


@record(kw_only=True)
class Run:
    """How one stream went. `end` is where the VM stopped reading, `gap` None when all of it is known.

    `stopped` tells that the VM came there, `pure` that only Python's own did. `numbers` are literals that are those of
    an array (`located.py`).
    """

    start: int
    end: int
    value: Any = None
    names: Iterable[tuple[str, str]] = field(default_factory=tuple)
    gap: Gap | None = None
    stopped: bool = False
    crossed: bool = False
    pure: bool = False
    numbers: tuple[tuple[int, int], ...] = ()


def finish(machine: Machine, ledger: Ledger, start: int, file: Any) -> Run:
    """Run the machine; an error becomes a gap."""
    done = Run(start=start, end=start, names=machine.names)
    try:
        done.value = machine.load()
        done.stopped = True
        ledger.made.append(done.value)
    except VM_ERRORS as error:
        done.gap = gap_of(error, ledger)
    done.end = file.tell()
    if machine.outside.taken and done.gap is None:
        detail = f"{machine.outside.taken} buffers of it are not in the file (out-of-band data)"
        done.gap = Gap(reason=GapReason.MALFORMED, detail=detail)
    return done


def gap_of(error: BaseException, ledger: Ledger | None = None) -> Gap:
    """What an error of the run means."""
    if isinstance(error, Refused):
        return error.gap
    if isinstance(error, (MemoryError, RecursionError)):
        return Gap(reason=GapReason.LIMIT, detail=f"{type(error).__name__} while it was read")
    extension = _EXTENSION.search(str(error))
    if extension and ledger is not None:
        ledger.extension(extension[1])
        return Gap(reason=GapReason.MALFORMED, detail=f"extension code {extension[1]} names what the loader registered")
    if isinstance(error, EOFError):
        return Gap(reason=GapReason.MALFORMED, detail="the pickle ends before its last opcode")
    return Gap(reason=GapReason.MALFORMED, detail=f"the pickle cannot be run: {ascii(str(error))[1:-1][:160]}")
