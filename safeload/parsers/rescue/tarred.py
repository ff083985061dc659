"""torch's format before 0.1.10: a tar of storages, tensors that are views of them, a pickle that numbers those."""

from __future__ import annotations

import struct

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.containers import tar
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.rescue.machine import Names, load
from safeload.parsers.rescue.standins import Held, Kind, Numbers, View

if TYPE_CHECKING:
    from safeload.parsers.plan import Storage
    from safeload.parsers.reader import Reader

_DIMENSIONS: Final = 64
_DIGITS: Final = 20  # of an address, which is what tensors were numbered by


class Tarred:
    """As `torch.load` reads it: the storages first, then what is made of them."""

    def __init__(self, reader: Reader, names: Names) -> None:
        self._names = names
        self._known: dict[int, Numbers | View] = {}
        found = tar.directory(reader)
        entries = {one.name: one for one in found.entries if one.regular}
        if len(entries) != len(found.entries) or not entries.keys() >= {"storages", "tensors", "pickle"}:
            raise Refused("a tar that is not a checkpoint of torch")
        self._storages(_Member(tar.content(reader, entries["storages"]), entries["storages"].start, names))
        self._tensors(_Member(tar.content(reader, entries["tensors"]), 0, names))
        self.value, _ = load(tar.content(reader, entries["pickle"]), 0, names, self._answer)

    def _storages(self, member: _Member) -> None:
        for _ in range(member.count()):
            said = member.value()
            if type(said) is not tuple or len(said) != 3 or type(said[0]) is not int or type(said[2]) is not Kind:
                raise Malformed("a storage that is not described as torch describes one")
            dtype, (count,) = said[2].dtype, member.numbers("q", 1)
            self._known[said[0]] = Numbers(*member.skip(count * dtype.bytes), dtype)
        for view in member.value() or ():
            if type(view) is not tuple or len(view) != 4 or not all(type(one) is int for one in view):
                raise Malformed("a part of a storage that is not described as torch describes one")
            key, root, offset, count = view
            whole = self._stored(root)
            start, length = offset * whole.dtype.bytes, count * whole.dtype.bytes
            if start < 0 or length < 0 or start + length > whole.length:
                raise Malformed("a part of a storage that reaches beyond it")
            self._known[key] = Numbers(whole.at + start, length, whole.dtype)

    def _tensors(self, member: _Member) -> None:
        for _ in range(member.count()):
            said = member.value()
            if type(said) is not tuple or len(said) != 3 or type(said[0]) is not int:
                raise Malformed("a tensor that is not described as torch describes one")
            dimensions, _ = member.numbers("i", 2)  # once it was a number of eight bytes
            if not 0 <= dimensions <= _DIMENSIONS:
                raise Malformed(f"a tensor of more than {_DIMENSIONS} dimensions")
            shape, stride = member.numbers("q", dimensions), member.numbers("q", dimensions)
            (offset,) = member.numbers("q", 1)
            self._known[said[0]] = View(self._stored(said[1]), offset, shape, stride)

    def _stored(self, key: Any) -> Numbers:
        found = self._known.get(key) if type(key) is int else None
        if not isinstance(found, Numbers):
            raise Malformed("a storage that is not in the file")
        return found

    def _answer(self, pid: Any) -> Any:
        """A number stands for a tensor or a storage; a tuple is a class, with its source."""
        if type(pid) is tuple and len(pid) == 3:
            return pid[0]
        if type(pid) is str and pid.isascii() and pid.isdigit() and len(pid) < _DIGITS:
            pid = int(pid)
        found = self._known.get(pid) if type(pid) is int else None
        if found is None:
            raise Refused("it asks its loader for something that is not in the file")
        return found

    def find(self, held: Held) -> Storage:
        raise Refused(f"storage {ascii(held.key)[:40]} is not in the file")

    def check(self) -> None:
        return None


class _Member:
    """Pickles, with numbers between them. `start` is where it lies in the file."""

    def __init__(self, reader: Reader, start: int, names: Names) -> None:
        self._reader, self._start, self._names, self._at = reader, start, names, 0

    def value(self) -> Any:
        value, self._at = load(self._reader, self._at, self._names)
        return value

    def count(self) -> int:
        value = self.value()
        if type(value) is not int or not 0 <= value <= limits.RESCUE_TENSORS:
            raise Malformed("the number of pickles is none")
        return value

    def numbers(self, code: str, n: int) -> tuple[int, ...]:
        form = f"<{n}{code}"
        data = self._reader.read_at(self._at, struct.calcsize(form))
        self._at += len(data)
        return struct.unpack(form, data)

    def skip(self, n: int) -> tuple[int, int]:
        """Where these bytes lie in the file, and how many they are."""
        if n < 0 or self._at + n > self._reader.size:
            raise Malformed("numbers that reach beyond the end")
        at = self._start + self._at
        self._at += n
        return at, n
