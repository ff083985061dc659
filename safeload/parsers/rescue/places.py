"""Where the storages of a checkpoint lie, in the layouts that torch has had."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Protocol
from safeload.parsers.containers import zip
from safeload.parsers.facts import GapReason
from safeload.parsers.formats import packed
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.plan import Storage
from safeload.parsers.rescue.alone import Alone
from safeload.parsers.rescue.legacy import MAGIC, Legacy
from safeload.parsers.rescue.machine import Names, load
from safeload.parsers.rescue.standins import Held
from safeload.parsers.rescue.tarred import Tarred

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

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
        return Tarred(reader, names)
    if packed(head):
        raise Refused("it is compressed as a whole, so its numbers do not lie in it as they are: decompress it first")
    if head[:1] != b"\x80":
        raise Refused("neither a checkpoint of torch nor a pickle of protocol 2 or later")
    first = Alone(reader, names)
    return Legacy(reader, names) if type(first.value) is int and first.value == MAGIC else first


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
        self.program = f"{self._root}constants.pkl" in self._by_name  # TorchScript
        pickle = zip.content(reader, self._found, self._entry("data.pkl"), spend)
        self._swap = self._big()
        self._taken: dict[tuple[int, int], str] = {}
        self.value, _ = load(pickle, 0, names)

    def _rooted(self) -> str:
        roots = [name.removesuffix("data.pkl") for name in self._by_name if name.rpartition("/")[2] == "data.pkl"]
        if len(roots) != 1:
            raise Refused(f"a ZIP with {len(roots)} members data.pkl, so not a checkpoint of torch")
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
