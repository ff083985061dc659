"""What was already read: digests of files that did not change, facts parsed from bytes that are known.

Facts are kept, not findings, and judged anew each time: a new list of names takes effect at once. It is a cache: where
it cannot be read or written, everything is read again, and nothing else happens.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import sys
import threading
import time
from functools import cache
from pathlib import Path

from safeload import home, limits
from safeload.errors import Malformed, StateError
from safeload.lean import Any, Final, Iterator, Sequence
from safeload.parsers import external
from safeload.parsers.coding import decode, encode
from safeload.parsers.facts import GapReason, Part

__all__ = ["Memo", "parser_version"]

FileKey = tuple[int, int, int, int, int]  # device, inode, size, mtime_ns, ctime_ns

_BESIDE: Final = ("limits.py", "lean.py")  # of our own, what the parsers are made with
_DAY: Final = 86_400  # seconds; how exactly the last use is known
# A write that follows the hashing within one tick of the file system's clock leaves the times as they are: a file that
# was changed so recently is not remembered. Whole seconds mean a coarse clock (FAT, some network file systems).
_TICK: Final = 100_000_000  # nanoseconds
_COARSE_TICK: Final = 2_100_000_000  # nanoseconds
_SECOND: Final = 1_000_000_000  # nanoseconds

# What may go away by itself: another machine, another day, another extra.
_PASSING: Final = frozenset(
    {
        GapReason.LIMIT,
        GapReason.CRASHED,
        GapReason.MISSING,
        GapReason.MISSING_DEPENDENCY,
        GapReason.UNREADABLE,
        GapReason.UNREACHABLE,
    }
)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS lengths (key TEXT PRIMARY KEY, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS parses (
    key TEXT PRIMARY KEY, parts TEXT NOT NULL, length INTEGER NOT NULL, used INTEGER NOT NULL
);
"""
_SHRINK: Final = """
DELETE FROM files WHERE rowid NOT IN (SELECT rowid FROM files ORDER BY used DESC, rowid DESC LIMIT :rows);
DELETE FROM lengths WHERE rowid NOT IN (SELECT rowid FROM lengths ORDER BY used DESC, rowid DESC LIMIT :rows);
DELETE FROM parses WHERE rowid NOT IN (
    SELECT rowid FROM (
        SELECT rowid, sum(length) OVER (ORDER BY used DESC, rowid DESC) AS total FROM parses
        ORDER BY used DESC, rowid DESC LIMIT :rows
    ) WHERE total <= :bytes
);
"""


@cache
def parser_version() -> str:
    """A digest of what turns bytes into facts: Python, which version of each file of the parsers, other libraries.

    A file's version is told by its inode and times, as of a model's: reading all of them takes longer than a load may.
    """
    sha = hashlib.sha256(f"{sys.version} {external.installed()}".encode())
    package = Path(__file__).resolve().parent.parent
    try:
        for status in _statuses(package):
            sha.update(status.encode("utf-8", "surrogateescape"))
    except OSError:  # installed without source: nothing then tells one release's facts from another's
        sha.update(os.urandom(16))
    return sha.hexdigest()


def _statuses(package: Path) -> Iterator[str]:
    """A line for each file of source, in one order."""
    waiting, found = [package / "parsers"], {}
    for name in _BESIDE:
        found[name] = (package / name).stat()
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    found[entry.path] = entry.stat()
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    waiting.append(Path(entry.path))
    for path, status in sorted(found.items()):
        yield f"{path} {status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\n"


class Memo:
    """Opens its database when it is first asked. Close it: that is when it is kept small."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "memo.sqlite"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._off = False
        self._written = False

    def digest(self, key: FileKey) -> str | None:
        """The SHA-256 of the file with this identity, as it was hashed before."""
        found = self._get("SELECT sha256, used FROM files WHERE key = ?", "files", _file_key(key))
        return found if found is not None and len(found) == 64 else None

    def remember_digest(self, key: FileKey, sha256: str) -> None:
        """Remember a hash, unless the file is so new that it could change again without a trace."""
        mtime_ns, ctime_ns = key[3:]
        coarse = mtime_ns % _SECOND == 0 and ctime_ns % _SECOND == 0
        if time.time_ns() - max(mtime_ns, ctime_ns) < (_COARSE_TICK if coarse else _TICK):
            return
        self._put("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (_file_key(key), sha256, _today()))

    def parts(self, sha256: str, variant: str = "") -> tuple[Part, ...] | None:
        """The facts about these bytes, as this version of the parsers gave them before.

        `variant` names whatever else decided how they were read (role, suffix, reading).
        """
        found = self._get("SELECT parts, used FROM parses WHERE key = ?", "parses", _parse_key(sha256, variant))
        if found is None:
            return None
        try:
            parts: tuple[Part, ...] = decode(tuple[Part, ...], json.loads(found))
        except (Malformed, ValueError, RecursionError):
            return None
        return parts or None

    def remember_parts(self, sha256: str, variant: str, parts: Sequence[Part]) -> None:
        """Remember facts, unless reading failed in a way that may not repeat."""
        if not parts or any(part.gap is not None and part.gap.reason in _PASSING for part in parts):
            return
        text = json.dumps(encode(tuple(parts)))
        if len(text) <= limits.MEMO_PARSE:
            row = (_parse_key(sha256, variant), text, len(text), _today())
            self._put("INSERT OR REPLACE INTO parses VALUES (?, ?, ?, ?)", row)

    def knows_length(self, size: int) -> bool:
        """Is there something remembered of a file that is `size` bytes long?"""
        return self._get("SELECT key, used FROM lengths WHERE key = ?", "lengths", str(size)) is not None

    def remember_length(self, size: int) -> None:
        self._put("INSERT OR REPLACE INTO lengths VALUES (?, ?)", (str(size), _today()))

    def close(self) -> None:
        """Forget what was used longest ago, if that is needed, then close."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            try:
                if self._written:
                    for statement in _SHRINK.strip().split(";\n"):
                        connection.execute(statement, {"rows": limits.MEMO_ROWS, "bytes": limits.MEMO_BYTES})
                connection.close()
            except sqlite3.Error as error:
                self._give_up(error)

    def _get(self, query: str, table: str, key: str) -> str | None:
        with self._lock:
            try:
                row = self._open().execute(query, (key,)).fetchone()
                if row is None:
                    return None
                if _today() - row[1] > 0:
                    self._open().execute(f"UPDATE {table} SET used = ? WHERE key = ?", (_today(), key))  # noqa: S608
            except (sqlite3.Error, StateError, TypeError) as error:
                self._give_up(error)
                return None
            return row[0] if isinstance(row[0], str) else None

    def _put(self, query: str, row: tuple[Any, ...]) -> None:
        with self._lock:
            try:
                self._open().execute(query, row)
                self._written = True
            except (sqlite3.Error, StateError) as error:
                self._give_up(error)

    def _open(self) -> sqlite3.Connection:
        if self._off:
            raise StateError("The memo is not used.")
        if self._connection is None:
            home.own(self.path)
            self._connection = sqlite3.connect(self.path, timeout=1.0, isolation_level=None, check_same_thread=False)
            # Losing the last seconds of a cache costs nothing: no waiting for the disk.
            self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {_SCHEMA}")
        return self._connection

    def _give_up(self, error: Exception) -> None:
        """Do without it from here on; a damaged one is removed, and made anew next time."""
        self._off = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if isinstance(error, (StateError, sqlite3.OperationalError)):  # in use, no right, no room: not damaged
            return
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):  # then it stays damaged, and unused
                Path(f"{self.path}{suffix}").unlink()


def _file_key(key: FileKey) -> str:
    # As text: an inode may be larger than SQLite's integers.
    return ":".join(map(str, key))


def _parse_key(sha256: str, variant: str) -> str:
    raw = json.dumps([sha256, variant, parser_version()]).encode()
    return hashlib.sha256(raw).hexdigest()


def _today() -> int:
    return int(time.time()) // _DAY
