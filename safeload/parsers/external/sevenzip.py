"""7z archives: each member is read for itself; the standard library has no such container."""

from __future__ import annotations

import io

import py7zr
from py7zr.exceptions import ArchiveError
from py7zr.io import MemIO, Py7zIO, WriterFactory

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING
from safeload.parsers.containers.membernames import outside, unprintable
from safeload.parsers.facts import ArchiveFacts, Gap, GapReason, Part
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.reader import Reader

if TYPE_CHECKING:
    from safeload.parsers.visit import Parts, Visit

# What the library raises on bytes that are no archive: its own errors, and those of its codecs and of the standard
# library that it lets through.
_ERRORS = (ArchiveError, ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError)


def read(reader: Reader, visit: Visit) -> Parts:
    """The archive first, then its members. What is encrypted is a gap."""
    member = visit.member
    if not reader.local:
        gap = Gap(reason=GapReason.LIMIT, detail="a 7z archive is read once it is here")
        return (Part(member=member, format="7z", gap=gap),)
    made = _Made(visit)
    try:
        with py7zr.SevenZipFile(reader.file(), "r") as archive:
            listed = archive.list()
            if archive.needs_password():
                gap = Gap(reason=GapReason.ENCRYPTED, detail="the archive asks for a password")
                return (Part(member=member, format="7z", archive=_facts(listed), gap=gap),)
            _check(listed)
            _extract(archive, made)
    except py7zr.PasswordRequired:
        gap = Gap(reason=GapReason.ENCRYPTED, detail="even the names in it are encrypted")
        return (Part(member=member, format="7z", gap=gap),)
    except Malformed:
        raise
    except _ERRORS as error:
        raise Malformed(f"its 7z structure is broken: {type(error).__name__}") from error
    missing = sum(not one.is_directory for one in listed) - len(made.files)
    unread = Gap(reason=GapReason.MALFORMED, detail=f"{missing} members were not unpacked") if missing else None
    first = Part(member=member, format="7z", archive=_facts(listed), gap=unread)
    inside = (part for name, file in made.files for part in visit.inside(Reader.of_bytes(file.content()), name))
    return (first, *inside)


def _extract(archive: py7zr.SevenZipFile, made: WriterFactory) -> None:
    """As `extractall(factory=...)` does, without asking the file system about paths, which a worker may not."""
    for one in archive.files:
        skipped = one.is_directory or one.is_socket
        archive.worker.register_filelike(one.id, None if skipped else MemIO(one.filename, made))
    archive.worker.extract(archive.fp, None, parallel=False)


def _check(listed: list[py7zr.FileInfo]) -> None:
    if len(listed) > limits.MEMBERS:
        raise Refused(f"more than {limits.MEMBERS:,} members", reason=GapReason.LIMIT)
    total = sum(one.uncompressed or 0 for one in listed)
    if total > limits.HELD:
        raise Refused(f"members of {total:,} bytes in a 7z archive", reason=GapReason.LIMIT)


def _facts(listed: list[py7zr.FileInfo]) -> ArchiveFacts:
    anomalies: dict[str, None] = {}
    seen: set[str] = set()
    for one in listed[: limits.MEMBERS]:
        shown = ascii(one.filename)[1:-1][: limits.EVIDENCE]
        for code, odd in (
            ("duplicate-member", one.filename in seen),
            ("path-outside", outside(one.filename)),
            ("unsafe-name", unprintable(one.filename)),
            ("link-member", one.is_symlink),
        ):
            if odd:
                anomalies[f"{code}: {shown}"] = None
        seen.add(one.filename)
    return ArchiveFacts(members=len(listed), anomalies=tuple(anomalies)[:200])


class _Made(WriterFactory):  # type: ignore[misc]
    """Where the library puts what it unpacks: in memory, as long as the budget lasts."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self.files: list[tuple[str, _File]] = []

    def create(self, filename: str) -> Py7zIO:
        made = _File(self._visit)
        self.files.append((filename, made))
        return made


class _File(Py7zIO):  # type: ignore[misc]
    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._buffer = io.BytesIO()

    def write(self, s: bytes | bytearray) -> int:
        self._visit.budget.inflate(len(s))
        return self._buffer.write(s)

    def read(self, size: int | None = None) -> bytes:
        return self._buffer.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._buffer.seek(offset, whence)

    def flush(self) -> None:
        return None

    def size(self) -> int:
        return len(self._buffer.getbuffer())

    def content(self) -> bytes:
        return self._buffer.getvalue()


def _warm() -> None:
    """Both kinds once: the library imports more when it is first used, which later it may not."""
    for password in (None, "any"):
        packed = io.BytesIO()
        with py7zr.SevenZipFile(packed, "w", password=password, header_encryption=password is not None) as made:
            made.writef(io.BytesIO(b"text"), "name")
        with py7zr.SevenZipFile(io.BytesIO(packed.getvalue()), "r", password=password) as archive:
            archive.list()
            _extract(archive, py7zr.io.BytesIOFactory(64))


# It asks the system how much memory there is, which a worker may not; this one's is limited anyway.
py7zr.py7zr.get_memory_limit = lambda: limits.HELD
_warm()
