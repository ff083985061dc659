"""Where the storages of a checkpoint lie, in the layouts that torch has had."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Protocol
from safeload.parsers.containers import zip
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.plan import Storage
from safeload.parsers.rescue.machine import Names, load
from safeload.parsers.rescue.standins import Held

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_PROTOCOL: Final = 1001
_TAR: Final = b"ustar"


class Layout(Protocol):
    """A file that was opened: the value of its pickle, and where a storage of it lies."""

    value: Any

    def find(self, held: Held) -> Storage: ...

    def check(self) -> None: ...


def opened(reader: Reader, names: Names, spend: Callable[[int], None]) -> Layout:
    """By the first bytes, as `torch.load` tells them apart. Raises `Malformed`."""
    head = reader.upto(0, 512)
    if head[:4] == zip.LOCAL:
        return Archive(reader, names, spend)
    if head[257:262] == _TAR:
        raise Refused("torch's format before 0.1.10 (a tar), which is not converted")
    if head[:1] != b"\x80":
        raise Refused("not a checkpoint of torch")
    first, at = load(reader, 0, names)
    if type(first) is not int or first != _MAGIC:
        return Alone(first)
    return Legacy(reader, names, at)


class Alone:
    """A pickle without a container. Its storages, if it has any, are within its literals."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def find(self, held: Held) -> Storage:
        raise Refused(f"storage {ascii(held.key)[:40]} is not in the file")

    def check(self) -> None:
        return None


class Archive:
    """A ZIP, as torch writes it since 1.6."""

    def __init__(self, reader: Reader, names: Names, spend: Callable[[int], None]) -> None:
        self._reader = reader
        self._found = zip.directory(reader)
        self._by_name: dict[str, list[zip.Entry]] = {}
        for entry in self._found.entries:
            # torch's reader does not tell capitals from small letters.
            self._by_name.setdefault(entry.name.casefold(), []).append(entry)
        self._root = self._rooted()
        pickle = zip.content(reader, self._found, self._entry("data.pkl"), spend)
        self._swap = self._big()
        self._taken: dict[tuple[int, int], str] = {}
        self.value, _ = load(pickle, 0, names)

    def _rooted(self) -> str:
        roots = [name.removesuffix("data.pkl") for name in self._by_name if name.rpartition("/")[2] == "data.pkl"]
        if len(roots) != 1:
            raise Refused(f"a ZIP with {len(roots)} members data.pkl, so not a checkpoint of torch")
        if f"{roots[0]}constants.pkl" in self._by_name:
            raise Refused("a TorchScript program, which is not converted")
        return roots[0]

    def _entry(self, name: str) -> zip.Entry:
        found = self._by_name.get(f"{self._root}{name}".casefold(), [])
        if len(found) != 1:
            why = "is not in the file" if not found else f"is there {len(found)} times"
            raise Refused(f"member {ascii(name)[1:-1][:60]} {why}")
        if found[0].encrypted:
            raise Refused(f"member {ascii(name)[1:-1][:60]} is encrypted", reason=GapReason.ENCRYPTED)
        return found[0]

    def _big(self) -> bool:
        if f"{self._root}byteorder" not in self._by_name:
            return False
        entry = self._entry("byteorder")
        said = self._reader.upto(zip.locate(self._reader, self._found, entry), min(entry.packed, 16))
        if said not in (b"little", b"big"):
            raise Malformed("a byte order that is neither little nor big")
        return said == b"big"

    def find(self, held: Held) -> Storage:
        entry = self._entry(f"data/{held.key}")
        shown = ascii(held.key)[1:-1][:60]
        if entry.method != 0 or entry.packed != entry.size:
            raise Refused(f"storage {shown} is compressed, which torch does not do")
        start = zip.locate(self._reader, self._found, entry)
        if held.total < 0 or held.total * held.kind.dtype.bytes > entry.size:
            raise Malformed(f"storage {shown} has {entry.size:,} bytes, fewer than the pickle says")
        if self._taken.setdefault((start, entry.size), shown) != shown and entry.size:
            raise Malformed(f"storages {self._taken[start, entry.size]} and {shown} are the same bytes")
        return Storage(offset=start, length=entry.size, swap=self._swap)

    def check(self) -> None:
        """One member's bytes are no other's: such a file shows different tensors to different readers."""
        end, before = 0, ""
        for (start, size), shown in sorted(self._taken.items()):
            if size and start < end:
                raise Malformed(f"storages {before} and {shown} are partly the same bytes")
            end, before = max(end, start + size), shown


class Legacy:
    """Five pickles, then the storages one after another, each behind the number of its elements."""

    def __init__(self, reader: Reader, names: Names, at: int) -> None:
        self._reader = reader
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
