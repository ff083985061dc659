"""The format that torch had before 1.6: five pickles, then the storages one after another."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.plan import Storage
from safeload.parsers.rescue.machine import Names, load

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.rescue.standins import Held

MAGIC: Final = 0x1950A86A20F9469CFC6C  # the first pickle
_PROTOCOL: Final = 1001


class Legacy:
    """Each storage follows the number of its elements."""

    def __init__(self, reader: Reader, names: Names) -> None:
        self._reader = reader
        magic, at = load(reader, 0, names)
        if type(magic) is not int or magic != MAGIC:
            raise Malformed("not a checkpoint of torch")
        version, at = load(reader, at, names)
        if version != _PROTOCOL:
            raise Malformed("a version of the format that torch does not read")
        _, at = load(reader, at, names)
        self.value, at = load(reader, at, names)
        keys, self._at = load(reader, at, names)
        if type(keys) is not list or not all(type(key) is str for key in keys) or len(set(keys)) != len(keys):
            raise Malformed("the storage keys are not a list of different strings")
        self._keys: list[str] = keys
        self._places: dict[str, Storage] = {}

    def announce(self, held: dict[str, Held]) -> None:
        """Sizes are known only when all that the pickle names are: a storage begins where the one before ends."""
        at = self._at
        for key in self._keys:
            if key not in held:
                raise Malformed(f"storage {ascii(key)[:40]} is used by nothing, so its size is not known")
            one = held[key]
            count = int.from_bytes(self._reader.read_at(at, 8), "little", signed=True)
            if count != one.total or count < 0:
                raise Malformed(
                    f"storage {ascii(key)[:40]} has {count:,} elements, not the {one.total:,} it is said to"
                )
            length = count * one.kind.dtype.bytes
            if at + 8 + length > self._reader.size:
                raise Malformed(f"storage {ascii(key)[:40]} reaches beyond the end of the file")
            self._places[key] = Storage(offset=at + 8, length=length)
            at += 8 + length

    def find(self, held: Held) -> Storage:
        place = self._places.get(held.key)
        if place is None:
            raise Refused(f"storage {ascii(held.key)[:40]} is not in the file")
        size = held.kind.dtype.bytes
        start, length = held.start * size, held.count * size
        if held.start < 0 or held.count < 0 or start + length > place.length:
            raise Malformed(f"a part of storage {ascii(held.key)[:40]} that reaches beyond it")
        return Storage(offset=place.offset + start, length=length)

    def check(self) -> None:
        return None
