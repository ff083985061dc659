"""The same stream under CPython's pure-Python unpickler, which joblib and pandas use.

It takes what the C unpickler refuses: `F1_0`, a line or a frame that the end of the file cuts off, INST without a mark,
any sequence for REDUCE, anything with `__new__` for NEWOBJ. Where both accept a stream, they do the same. So this
reading is made where the C unpickler failed; what it names counts as well.
"""

from __future__ import annotations

import contextlib
import pickle
import struct

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, ClassVar, Final
from safeload.parsers.facts import Gap, GapReason
from safeload.parsers.pickles.ledger import Ledger
from safeload.parsers.pickles.machine import SPECIALS, VM_ERRORS, Buffers, Nowhere, Resolving, Run
from safeload.parsers.pickles.standins import Blank, InertMapping, Named

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

ERRORS: Final[tuple[type[Exception], ...]] = (*VM_ERRORS, struct.error, AssertionError, BufferError)


def again(reader: Reader, ledger: Ledger, done: Run) -> None:
    """What this reading shows beyond `done`, which failed: into the ledger, and into `done`."""
    seen = Ledger()
    end = min(reader.size, done.start + limits.PURE_BYTES)
    machine = PureMachine(reader.window(done.start, end - done.start).file(), seen)
    try:
        machine.load()
        done.pure = True
    except ERRORS:
        pass  # `done` tells already that the stream failed; what this reading did before its error counts
    ledger.add(seen)
    done.names = tuple({**dict.fromkeys(done.names), **machine.names})
    if done.pure:
        done.gap = Gap(reason=GapReason.MALFORMED, detail="only Python's own unpickler runs it, not the one in C")


def wider(reader: Reader, seen: Ledger) -> None:
    """What an unpickler with more memory would go on to do: this one keeps its memo in a dictionary."""
    with contextlib.suppress(*ERRORS):
        PureMachine(reader.window(0, min(reader.size, limits.PURE_BYTES)).file(), seen).load()


_Unpickler: Any = pickle._Unpickler


class PureMachine(Resolving, _Unpickler):  # type: ignore[misc]
    """The VM."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Unpickler.dispatch)
    stack: list[Any]

    def __init__(self, file: Any, ledger: Ledger) -> None:
        super().__init__(file, fix_imports=False, encoding="latin1", buffers=Buffers())
        self._ledger, self._place, self._special, self.names = ledger, Nowhere(), SPECIALS, {}

    def load_reduce(self) -> None:
        """Arguments of a kind that only an instance of the real class could be unpacked from: a call all the same."""
        if isinstance(self.stack[-1], (Blank, Named)):
            self.stack[-1] = (self.stack[-1],)
        super().load_reduce()

    def load_newobj(self) -> None:
        """An instance can have been given a `__new__` of its own."""
        if len(self.stack) > 1 and isinstance(self.stack[-2], (Blank, InertMapping)):
            self.load_reduce()
        else:
            super().load_newobj()

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
