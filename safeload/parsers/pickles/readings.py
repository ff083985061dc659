"""One stream by every reading that an unpickler could make of it."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Gap, GapReason
from safeload.parsers.pickles import kept
from safeload.parsers.pickles.frames import framed, may_hold_frames
from safeload.parsers.pickles.ledger import Again, Ledger
from safeload.parsers.pickles.located import LARGE, Located
from safeload.parsers.pickles.machine import VM_ERRORS, Machine, Place, Run, finish
from safeload.parsers.tiers import Later

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_again: Final = Later("safeload.parsers.pickles.pure", "again")


_LONG: Final = limits.MIB  # bytes; a shorter stream is read in no time
_PART: Final = 8  # of the stream, of which one may be read again
_ANEW: Final = 2  # times


def run(reader: Reader, ledger: Ledger, start: int) -> Run:
    """One pickle from `start`, as `pickle.load` and `torch.load` read it."""
    done = _run(reader, ledger, start) if ledger.begun else _hurried(reader, ledger, start)
    if done.gap is not None and done.gap.reason is GapReason.MALFORMED and not done.stopped:
        _again(reader, ledger, done)
    if done.gap is None and kept.unseen(ledger, done.names):
        _hold(reader, ledger, done)
    return done


def _hurried(reader: Reader, ledger: Ledger, start: int) -> Run:
    """A run in which C makes the objects of classes that have thousands."""
    bare: list[tuple[str, str]] = []
    length = reader.size - start

    def early() -> bool:
        """Is the part that would be read again small beside the whole?"""
        return length > _LONG and len(bare) < _ANEW and (ledger.tell() - start) * _PART < length

    while True:
        ledger.hurry(bare=bare, early=early)
        try:
            done = _run(reader, ledger, start)
        except Again as again:
            bare.append(again.pair)
            ledger.clear()
            continue
        finally:
            hurried = ledger.slow_down()
        if hurried and done.gap is not None:  # perhaps for arguments that only the slower stand-ins take
            ledger.clear()
            return _run(reader, ledger, start)
        return done


def _hold(reader: Reader, ledger: Ledger, done: Run) -> None:
    seen = kept.Holding()
    again = _plain(reader, seen, done.start)
    kept.mark(ledger, done.names, seen if again.gap is None else None, again.value)


def _run(reader: Reader, ledger: Ledger, start: int) -> Run:
    if framed(reader.upto(start, 2)):
        return _watched(reader, ledger, start)
    plain = _plain(reader, ledger, start)
    if may_hold_frames(reader, start, min(plain.end, reader.size)):
        seen = Ledger()
        watched = _watched(reader, seen, start)
        if watched.crossed:
            ledger.add(seen)
            return watched
    return plain


def together(reader: Reader, ledger: Ledger, start: int, count: int) -> None:
    """The same streams by one unpickler, which keeps its memo from one to the next."""
    file = reader.file(start)
    seen = kept.Holding() if kept.named(ledger) else Ledger()
    machine = Machine(file, seen, Place(file, start))
    values = []
    try:
        for _ in range(count):
            values.append(machine.load())
    except VM_ERRORS:
        pass  # each stream alone said more of it
    kept.mark(seen, machine.names, seen, values)
    ledger.add(seen)


def _plain(reader: Reader, ledger: Ledger, start: int) -> Run:
    file = reader.file(start)
    ledger.tell = file.tell
    machine = Machine(file, ledger, Place(file, start))
    return finish(machine, ledger, start, file)


def _watched(reader: Reader, ledger: Ledger, start: int) -> Run:
    file = reader.file(start, ahead=LARGE)  # behind what is left out, little is read
    ledger.tell = file.tell
    watched = Located(reader, file, ledger)
    machine = Machine(watched, ledger, Place(file, start))
    done = finish(machine, ledger, start, file)
    done.crossed = watched.crossed
    done.numbers = watched.numbers()
    if watched.crossed:
        seen = Ledger()
        _plain(reader, seen, start)
        ledger.add(seen)  # the other reading: its names count too
        done.gap = Gap(reason=GapReason.MALFORMED, detail="an opcode crosses the end of its frame; unpicklers differ")
    return done
