"""Bytes that are meant as numbers, run as a pickle: they count only where unpickling would do something."""

from __future__ import annotations

from dataclasses import replace

from safeload.parsers import pickle
from safeload.parsers.facts import GapReason, PickleRole
from safeload.parsers.ledger import Ledger, Refused
from safeload.parsers.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.reader import Reader
from safeload.parsers.within import Within


def acts(reader: Reader) -> pickle.Outcome | None:
    """What unpickling them shows, or None where they call, build and change nothing on the way.

    A length beyond the end, of which numbers are full, costs nothing.
    """
    seen = Ledger()
    limited = False
    try:
        Machine(Within(reader.file(), reader.size), seen, Nowhere()).load()
    except Refused as refused:
        limited = refused.gap.reason is GapReason.LIMIT
    except MemoryError:
        limited = True
    except VM_ERRORS:
        pass
    acted = any(use.role is not PickleRole.REFERENCED for use in seen.uses())
    if not (acted or limited):
        return None
    read = pickle.read(reader, reading="torch")
    if not read.facts.uses and (read.gap is None or read.gap.reason is not GapReason.LIMIT):
        return None
    return replace(read, facts=replace(read.facts, leftover=0))  # what follows is numbers, as it should
