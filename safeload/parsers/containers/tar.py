"""A tar by its header blocks, as Python's `tarfile` walks them; what other programs read otherwise is an anomaly.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, and the source of `tarfile`.
"""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Final, field, record
from safeload.parsers.containers.membernames import outside, unprintable
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

BLOCK: Final = 512
_REGULAR: Final = frozenset("0\x007")
_NOTHING: Final = frozenset("123456")  # links, devices, folders, pipes: `tarfile` skips no data for them
_LONG: Final = frozenset("LK")
_PAX: Final = frozenset("xgX")
_KINDS: Final = {"1": "link", "2": "link", "3": "device", "4": "device", "6": "pipe"}
_NAME_BYTES: Final = 64 * limits.KIB  # of a long name, or of a member's extended header


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member. `kind` is the type character of its header, `start` where its data is."""

    name: str
    kind: str
    size: int
    start: int
    target: str = ""
    sparse: bool = False

    @property
    def regular(self) -> bool:
        return self.kind not in _NOTHING


@record(slots=True, kw_only=True)
class Directory:
    entries: list[Entry] = field(default_factory=list)
    anomalies: list[str] = field(default_factory=list)

    def odd(self, code: str, detail: str = "") -> None:
        note = f"{code}: {ascii(detail)[1:-1][: limits.EVIDENCE]}" if detail else code
        if len(self.anomalies) < 200 and note not in self.anomalies:
            self.anomalies.append(note)

    def holds(self, place: int) -> bool:
        """Does a byte of the file belong to a member's data?"""
        return any(one.start <= place < one.start + one.size for one in self.entries if one.regular)


@record(slots=True, kw_only=True)
class _Said:
    """What extended headers say of the next member, and of all that follow."""

    next: dict[str, str] = field(default_factory=dict)
    all: dict[str, str] = field(default_factory=dict)


def looks_right(head: bytes) -> bool:
    """Would `tarfile` take the first block for a header? It goes by the checksum alone, not by a signature."""
    if len(head) < BLOCK or not head[:BLOCK].strip(b"\0"):
        return False
    raw = head[148:156]
    try:
        if raw[0] in (0x80, 0xFF):
            stated = int.from_bytes(raw[1:], "big") - (0 if raw[0] == 0x80 else 256**7)
        else:
            stated = int(raw.split(b"\0")[0].decode("ascii").strip() or "0", 8)
    except ValueError:
        return False
    return stated in _checksums(head[:BLOCK])


def directory(reader: Reader) -> Directory:
    """All members in order. Raises `Malformed`."""
    found = Directory()
    said = _Said()
    at = 0
    while at < reader.size:
        block = reader.upto(at, BLOCK)
        if not block.strip(b"\0"):
            _behind(reader, found, at)
            return found
        if len(block) < BLOCK or not looks_right(block):
            raise Malformed(f"block {at // BLOCK} is no header, or the file ends in the middle of one")
        if len(found.entries) >= limits.MEMBERS:
            raise Refused(f"more than {limits.MEMBERS:,} members", reason=GapReason.LIMIT)
        at = _header(reader, found, said, block, at)
    if said.next:
        raise Malformed("an extended header without a member")
    found.odd("no-end")
    return found


def _header(reader: Reader, found: Directory, said: _Said, block: bytes, at: int) -> int:
    """One header with what belongs to it; gives where the next one stands."""
    kind = block[156:157].decode("latin-1")
    size = _number(block[124:136])
    start = at + BLOCK
    if kind in _LONG or kind in _PAX:
        if size > _NAME_BYTES:
            raise Refused(f"an extended header of {size} bytes", reason=GapReason.LIMIT)
        data = reader.read_at(start, size)
        if kind in _LONG:
            said.next["path" if kind == "L" else "linkpath"] = _text(data.split(b"\0")[0])
        else:
            (said.all if kind == "g" else said.next).update(_records(data))
        return _padded(start, size)
    entry = _entry(found, said, block, kind, size, start)
    said.next = {}
    if entry.regular and entry.start + entry.size > reader.size:
        raise Malformed("a member reaches beyond the end")
    found.entries.append(entry)
    return _padded(start, entry.size) if entry.regular else start


def _entry(found: Directory, said: _Said, block: bytes, kind: str, size: int, start: int) -> Entry:
    name = _text(block[:100].split(b"\0")[0])
    prefix = _text(block[345:500].split(b"\0")[0])
    folder = kind == "\0" and name.endswith("/")  # as before POSIX
    if prefix and kind != "S":
        name = f"{prefix}/{name}"
    told = {**said.all, **said.next}
    name = told.get("path", name)
    kind = "5" if folder else kind
    if "size" in told:
        if not told["size"].isascii() or not told["size"].isdigit():
            raise Malformed("an extended header with an odd size")
        size = int(told["size"])
    entry = Entry(
        name=name.rstrip("/") or name,
        kind=kind,
        size=size,
        start=start,
        target=told.get("linkpath", _text(block[157:257].split(b"\0")[0])),
        sparse=kind == "S" or any(key.startswith("GNU.sparse") for key in told),
    )
    if kind in _NOTHING and size:
        found.odd("size-without-data", name)
    if kind not in _REGULAR | _NOTHING and not entry.sparse:
        found.odd("unknown-member-type", f"{name} ({kind})")
    if said.all.keys() & {"path", "linkpath", "size"}:
        found.odd("name-for-all-members", name)
    return entry


def content(reader: Reader, entry: Entry) -> Reader:
    """A regular member's bytes. Raises `Malformed`."""
    if entry.sparse:
        raise Refused("a sparse member, which is not put together in this version", reason=GapReason.UNKNOWN_FORMAT)
    return reader.window(entry.start, entry.size)


def check(found: Directory) -> None:
    """What names, kinds and targets of the members say."""
    seen: dict[str, None] = {}
    for entry in found.entries:
        name = _normal(entry.name)
        if entry.kind != "5" and name in seen:
            found.odd("duplicate-member", entry.name)
        if entry.kind != "5":
            seen[name] = None
        if outside(entry.name):
            found.odd("path-outside", entry.name)
        if unprintable(entry.name):
            found.odd("unsafe-name", entry.name)
        if entry.kind in _KINDS:
            leads = " -> ".join((entry.name, entry.target)) if _KINDS[entry.kind] == "link" else entry.name
            away = _KINDS[entry.kind] == "link" and _leads_out(entry)
            found.odd("link-outside" if away else f"{_KINDS[entry.kind]}-member", leads)


def _leads_out(entry: Entry) -> bool:
    folder = entry.name.rpartition("/")[0] if entry.kind == "2" else ""
    depth = 0
    for part in f"{folder}/{entry.target}".split("/"):
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return entry.target.startswith("/")


def _normal(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", ".")).casefold()


def _records(data: bytes) -> dict[str, str]:
    """`length key=value newline`, of which the length counts itself."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data) and data[at]:
        space = data.find(b" ", at, at + 20)
        if space < 0 or not data[at:space].isdigit():
            raise Malformed("an extended header with an odd length")
        end = at + int(data[at:space])
        key, mark, value = data[space + 1 : end - 1].partition(b"=")
        if not mark or not key or end > len(data) or data[end - 1 : end] != b"\n":
            raise Malformed("an extended header that does not fit its length")
        found[_text(key)] = _text(value)
        at = end
    if found.get("hdrcharset", "ISO-IR 10646 2000 UTF-8") != "ISO-IR 10646 2000 UTF-8":
        raise Refused("names in another encoding", reason=GapReason.UNKNOWN_FORMAT)
    return found


def _behind(reader: Reader, found: Directory, at: int) -> None:
    """After the first empty block `tarfile` reads no more; a writer pads with zeros."""
    end = min(reader.size, at + limits.MIB)
    if reader.read_at(at, end - at).strip(b"\0") or end < reader.size:
        found.odd("data-behind-the-end")


def _padded(start: int, size: int) -> int:
    return start + (size + BLOCK - 1) // BLOCK * BLOCK


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _number(raw: bytes) -> int:
    """Octal digits, or binary after a first byte of 0x80. Raises `Malformed` for what only some programs read."""
    if raw[0] == 0x80:
        value = int.from_bytes(raw[1:], "big")
        if value >= 1 << 62:
            raise Malformed("a number that no file reaches")
        return value
    digits = raw.split(b"\0")[0].strip(b" ")
    if digits.strip(b"01234567"):
        raise Malformed("a number that is not octal")
    return int(digits or b"0", 8)


def _checksums(block: bytes) -> tuple[int, int]:
    """With its own eight bytes as spaces: unsigned, and signed as some old programs counted."""
    counted = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(counted)
    return unsigned, unsigned - 256 * sum(byte > 127 for byte in counted)
