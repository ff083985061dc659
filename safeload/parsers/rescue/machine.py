"""The pickle VM with nothing behind its names: what it makes is a description of tensors."""

from __future__ import annotations

import _pickle

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.pickles.machine import VM_ERRORS
from safeload.parsers.rescue.standins import KNOWN, Held, Kind, Named, named

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader


class Names:
    """What the streams of one file name, beside what describes tensors."""

    def __init__(self) -> None:
        self.met: dict[tuple[str, str], Named] = {}
        self.held: dict[str, Held] = {}  # every storage, also of what is not kept
        self.special: dict[tuple[str, str], Any] = {}  # what means something in this file alone

    def stand_in(self, module: str, name: str) -> Any:
        known = self.special.get((module, name)) or KNOWN.get((module, name))
        if known is not None:
            return known
        made = self.met.get((module, name))
        if made is None:
            if len(self.met) >= limits.NAMES or len(module) + len(name) > limits.NAME:
                raise Refused("it names more than is looked at", reason=GapReason.LIMIT)
            made = self.met[module, name] = named(module, name)
        return made

    def storage(self, pid: Any) -> Any:
        """As `torch.load` answers: `("storage", class, key, device, elements[, part])`, or the source of a module."""
        if type(pid) is tuple and len(pid) >= 2 and pid[0] == "module":
            return pid[1]
        if type(pid) is not tuple or len(pid) not in (5, 6) or pid[0] != "storage":
            raise Refused("it asks its loader for something that is not a storage of torch")
        kind, key, total = pid[1], pid[2], pid[4]
        if type(kind) is not Kind or type(key) is not str or type(total) is not int:
            raise Refused("it names a storage in a way that torch does not")
        first = self.held.setdefault(key, Held(kind, key, total, 0, total))
        if (first.kind.name, first.total) != (kind.name, total):
            raise Refused(f"storage {ascii(key)[:40]} is said to be of two types, or of two sizes")
        part = pid[5] if len(pid) == 6 else None
        if part is None:
            return Held(kind, key, total, 0, total)
        if type(part) is not tuple or len(part) != 3 or type(part[1]) is not int or type(part[2]) is not int:
            raise Refused("it names a part of a storage in a way that torch does not")
        return Held(kind, key, total, part[1], part[2])


class Machine(_pickle.Unpickler):
    """CPython's own VM. Nothing is imported or called but the functions of these modules."""

    def __init__(self, file: Any, names: Names, answer: Callable[[Any], Any] | None = None) -> None:
        super().__init__(file, fix_imports=False, encoding="latin1")
        self._names = names
        self._answer = answer or names.storage

    def find_class(self, module: str, name: str) -> Any:
        return self._names.stand_in(module, name)

    def persistent_load(self, pid: Any) -> Any:
        return self._answer(pid)


def load(reader: Reader, at: int, names: Names, answer: Callable[[Any], Any] | None = None) -> tuple[Any, int]:
    """One pickle's value, and where it ends. Raises `Malformed`."""
    file = reader.file(at)
    return run(Machine(file, names, answer)), file.tell()


def run(machine: Machine) -> Any:
    """What it makes. Raises `Malformed`."""
    try:
        return machine.load()
    except Malformed:
        raise
    except (MemoryError, RecursionError):
        raise
    except VM_ERRORS as error:
        raise Malformed(f"the pickle cannot be run: {ascii(str(error))[1:-1][: limits.EVIDENCE]}") from error
