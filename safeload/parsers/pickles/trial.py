"""Bytes that are meant as numbers, run as a pickle: they count only where unpickling would do something."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, replace
from safeload.parsers.facts import GapReason, PickleRole
from safeload.parsers.pickles import pickle
from safeload.parsers.pickles.ledger import Ledger, Refused
from safeload.parsers.pickles.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.pickles.within import Within
from safeload.parsers.tiers import Later

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_wider: Final = Later("safeload.parsers.pickles.pure", "wider")


def acts(reader: Reader) -> pickle.Outcome | None:
    """What unpickling them shows, or None where they call, build and change nothing on the way.

    A length beyond the end, of which numbers are full, costs nothing.
    """
    seen = Ledger()
    within = Within(reader.file(), reader.size)
    limited = False
    try:
        Machine(within, seen, Nowhere()).load()
    except Refused as refused:
        limited = refused.gap.reason is GapReason.LIMIT
    except MemoryError:
        limited = True
    except VM_ERRORS:
        pass  # what was done before the error is in the ledger, and is judged below
    if within.wide:
        _wider(reader, seen)
    if not (limited or any(use.role is not PickleRole.REFERENCED for use in seen.uses())):
        return None
    read = pickle.read(reader, reading="torch")
    if not read.facts.uses and (read.gap is None or read.gap.reason is not GapReason.LIMIT):
        return None
    return replace(read, facts=replace(read.facts, leftover=0))  # what follows is numbers, as it should
