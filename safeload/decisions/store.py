"""Remembered decisions, by the digest of what they are about."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from datetime import datetime, timezone

from safeload import home, limits
from safeload.decisions.interface import DeciderKind, Decision
from safeload.errors import StateError
from safeload.lean import TYPE_CHECKING, Any, Final, Iterator
from safeload.policy.interface import Action
from safeload.sources.interface import Digest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Store"]

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL, basis TEXT NOT NULL, action TEXT NOT NULL, decider TEXT NOT NULL,
    who TEXT NOT NULL, note TEXT NOT NULL, at TEXT NOT NULL, expires TEXT
)
"""
_INDEX: Final = "CREATE INDEX IF NOT EXISTS by_question ON decisions (subject, basis, number)"
_COLUMNS: Final = "subject, basis, action, decider, who, note, at, expires"


class Store:
    """Decisions in one SQLite file of the state folder. Every method raises `StateError` where that file fails."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "decisions.sqlite"

    def recall(self, subject: Digest, basis: Digest, *, now: str) -> Decision | None:
        """The latest decision about exactly this, or None; one that has expired is none. `now` is ISO 8601 UTC."""
        query = f"SELECT {_COLUMNS} FROM decisions WHERE subject = ? AND basis = ? ORDER BY number DESC LIMIT 1"  # noqa: S608
        with self._open() as connection:
            row = connection.execute(query, (str(subject), str(basis))).fetchone()
        if row is None:
            return None
        decision = self._decision(row)
        return None if _expired(decision, now) else decision

    def remember(self, decision: Decision) -> None:
        """Keep a decision. When this returns, it is on the disk."""
        if not isinstance(decision.subject, Digest) or not isinstance(decision.basis, Digest):
            raise TypeError("a decision about bytes that nobody hashed cannot be remembered")
        row = (
            str(decision.subject),
            str(decision.basis),
            decision.action.value,
            decision.decider.value,
            _storable(decision.who),
            _storable(decision.note),
            decision.at,
            decision.expires,
        )
        with self._open() as connection:
            connection.execute(f"INSERT INTO decisions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def all(self) -> tuple[Decision, ...]:
        """Every decision, the oldest first."""
        with self._open() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM decisions ORDER BY number").fetchall()  # noqa: S608
        return tuple(self._decision(row) for row in rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection for one question: none is left open for a fork to inherit."""
        home.own(self.path)
        try:
            connection = sqlite3.connect(self.path, timeout=limits.STATE_WAIT, isolation_level=None)
            try:
                self._prepare(connection)
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Make the tables where they are not there yet; two processes may be doing so at once."""
        connection.execute("PRAGMA synchronous=FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == _VERSION:
            return
        if version > _VERSION:
            raise StateError(
                f"{self.path} was written by a newer safeload.",
                next="Update safeload, or set SAFELOAD_HOME to another folder.",
            )
        # One writer at a time from the first statement on: the lock is waited for here, and nowhere later.
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute(_SCHEMA)
        connection.execute(_INDEX)
        connection.execute(f"PRAGMA user_version={_VERSION}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")

    def _decision(self, row: tuple[Any, ...]) -> Decision:
        subject, basis, action, decider, who, note, at, expires = row
        try:
            return Decision(
                subject=_digest(subject),
                basis=_digest(basis),
                action=Action(action),
                decider=DeciderKind(decider),
                who=str(who),
                note=str(note),
                at=str(at),
                expires=None if expires is None else str(expires),
            )
        except (ValueError, TypeError, AttributeError) as error:
            raise self._damaged("a row holds what is not a decision") from error

    def _trouble(self, error: sqlite3.Error) -> StateError:
        if not isinstance(error, sqlite3.OperationalError):
            return self._damaged(str(error))
        said = str(error)
        if "locked" in said:
            return StateError(f"{self.path} is in use by another process.", next="Try again.")
        return StateError(
            f"{self.path} cannot be used ({said}), so the decision is neither known nor kept.",
            next="Make room or give yourself the right, or set SAFELOAD_HOME to a folder that you can write.",
        )

    def _damaged(self, why: str) -> StateError:
        return StateError(
            f"{self.path} is damaged ({why}); no remembered decision can be relied on.",
            next="Move the file away. safeload then starts a new one, and asks again.",
        )


def _digest(text: str) -> Digest:
    algorithm, _, value = text.partition(":")
    if not algorithm or len(value) not in (40, 64) or set(value) - set("0123456789abcdef"):
        raise ValueError("not a digest")
    return Digest(algorithm=algorithm, hex=value)


def _expired(decision: Decision, now: str) -> bool:
    """Also when either time cannot be read: a decision without a known end is asked about again."""
    if decision.expires is None:
        return False
    end, present = _moment(decision.expires), _moment(now)
    return end is None or present is None or present >= end


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _storable(text: str) -> str:
    """Names of users and files may hold what is not text."""
    return text.encode("utf-8", "backslashreplace").decode()
