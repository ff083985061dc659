"""The append-only, hash-chained record of what was decided, loaded and stopped.

One JSON object a line: `n`, `at`, `event`, `fields`, `prev` (the hash of the entry before) and `hash` (SHA-256 over the
entry's canonical JSON without it). The head, count and hash of the last entry, lies in a file of its own and is written
after the entry is on the disk: one entry beyond the head is a crash, a head beyond the entries is truncation.

What it does not do: the same user can rewrite both files, from the first entry on. Who needs more keeps a head
elsewhere (`safeload log --verify` prints it, `--expect-head N:HASH` compares it later), or the lines themselves.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from safeload import home, limits
from safeload.auditentry import Entry, Head, Tail, entry_of, line_of, tail_of, walk
from safeload.errors import StateError, UsageError
from safeload.lean import IO, Any, Callable, Final, Iterator, Mapping, record

__all__ = ["AuditLog", "Entry", "Head", "Verification"]

_PROBLEMS: Final = 20  # that are listed; the log is damaged from the first on


@record(frozen=True, slots=True, kw_only=True)
class Verification:
    """What checking the whole chain showed. `head` is `N:HASH` of the last good entry; `notes` are no damage."""

    ok: bool
    count: int
    head: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class AuditLog:
    """The log in one folder, for any number of processes. Nothing is made before the first entry."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)) -> None:
        self.path = folder / "audit.jsonl"
        self.head_path = folder / "audit.head"
        self._lock_path = folder / "audit.lock"
        self._clock = clock

    def append(self, event: str, **fields: Any) -> Entry:
        """Add an entry; when this returns, it is on the disk. Raises `StateError`, and then nothing was added."""
        with self._locked():
            home.own(self.path)
            try:
                with self.path.open("r+b", buffering=0) as file:
                    return self._append(file, event, fields)
            except OSError as error:
                raise StateError(
                    f"The audit log {self.path} cannot be written ({error.strerror}), so nothing was done.",
                    next="Make room or give yourself the right, or set SAFELOAD_HOME to a folder that you can write.",
                ) from error

    def entries(self) -> Iterator[Entry]:
        """Every entry, the oldest first. Raises `StateError` where the chain breaks."""
        with self._reading() as file:
            for number, found in walk(file):
                if isinstance(found, str):
                    raise _damaged(self.path, f"line {number}: {found}")
                yield found

    def verify(self, expect_head: str | None = None) -> Verification:
        """Check every entry, the chain and the head.

        `expect_head` is a head (`N:HASH`) that was noted earlier: the log must hold that entry, and may have grown.
        """
        expected = _expected(expect_head)
        problems: list[str] = []
        notes: list[str] = []
        last = Head()
        before = Head()
        met = expected is None or expected.count == 0
        with self._reading() as file:
            for number, found in walk(file):
                if isinstance(found, str):
                    problems.append(f"line {number}: {found}")
                    if len(problems) == _PROBLEMS:
                        break
                    continue
                before, last = last, Head(count=found.n, hash=found.hash)
                met = met or last == expected
                if found.recovered:
                    notes.append(f"entry {found.n} follows a crash: {_recovery(found.recovered)}")
            problems += self._against_head(before, last, notes)
        if not met:
            problems.append(f"the entry {expect_head} is not in the log: it was cut off or rewritten")
        return Verification(
            ok=not problems, count=last.count, head=str(last), problems=tuple(problems), notes=tuple(notes)
        )

    def _append(self, file: IO[bytes], event: str, fields: Mapping[str, Any]) -> Entry:
        tail = tail_of(file.fileno())
        if isinstance(tail, str):
            raise _damaged(self.path, tail)
        at = self._clock().isoformat(timespec="milliseconds")
        entry = entry_of(event, fields, after=tail.last, at=at, recovered=self._crash(tail))
        try:
            _put(file, tail.end, line_of(entry))
            self._write_head(Head(count=entry.n, hash=entry.hash))
        except (OSError, StateError):
            # As it was before, as far as that still works; if not, the next append takes it for a crash.
            with contextlib.suppress(OSError):
                _put(file, tail.end, tail.torn)
            raise
        return entry

    def _crash(self, tail: Tail) -> dict[str, Any]:
        """What a crash left behind. Raises `StateError` for what no crash leaves."""
        head, torn = self._read_head(), tail.torn
        if head not in (tail.last, tail.before):
            raise _damaged(self.path, f"the head names entry {head}, the last entry is {tail.last}")
        found: dict[str, Any] = {"entries": 1} if head != tail.last else {}
        if torn:
            text = torn[: limits.LOG_TORN].decode("utf-8", "backslashreplace")
            found["torn"] = {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest(), "text": text}
        return found

    def _against_head(self, before: Head, last: Head, notes: list[str]) -> Iterator[str]:
        try:
            head = self._read_head()
        except StateError as error:
            yield error.message
            return
        if head == last:
            return
        if head == before and last.count == head.count + 1:
            notes.append(f"entry {last.count} lies beyond the head: a crash came between the two")
        elif head.count > last.count:
            yield f"the head names entry {head.count}, the log ends with {last.count}: entries were cut off"
        else:
            yield f"the head names {head}, the log ends with {last}: one of them was rewritten"

    def _read_head(self) -> Head:
        try:
            return Head.read(self.head_path.read_text("utf-8"))
        except FileNotFoundError:
            return Head()
        except ValueError as error:
            raise _damaged(self.head_path, "it is not a head") from error
        except OSError as error:
            raise StateError(
                f"{self.head_path} cannot be read ({error.strerror}).", next="Check its rights."
            ) from error

    def _write_head(self, head: Head) -> None:
        """The old head or the new one, never half of it."""
        fresh = self.head_path.with_suffix(".new")
        home.own(fresh)
        with fresh.open("wb") as file:
            file.write(f"{head}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.head_path)
        folder = os.open(self.head_path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import filelock

        lock = filelock.FileLock(self._lock_path, timeout=limits.STATE_WAIT, poll_interval=0.01, mode=0o600)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise StateError(f"The audit log {self.path} is in use by another process.", next="Try again.") from error
        except (OSError, NotImplementedError) as error:
            why = getattr(error, "strerror", None) or "its file system knows no locks"
            raise StateError(
                f"The audit log {self.path} cannot be written ({why}), so nothing was done.",
                next="Set SAFELOAD_HOME to a folder that you can write.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _reading(self) -> Iterator[IO[bytes]]:
        """The log, while nobody writes; without a lock where none can be had (a copy on a read-only medium)."""
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(self.path.open("rb"))
                if os.access(self.path.parent, os.W_OK):
                    stack.enter_context(self._locked())
            except FileNotFoundError:
                file = stack.enter_context(Path(os.devnull).open("rb"))
            except OSError as error:
                raise StateError(f"{self.path} cannot be read ({error.strerror}).", next="Check its rights.") from error
            yield file


def _recovery(found: Mapping[str, Any]) -> str:
    torn = found.get("torn")
    parts = ["the entry before it had not reached the head"] if found.get("entries") else []
    if isinstance(torn, Mapping):
        parts.append(f"{torn.get('bytes')} bytes of an unfinished entry are kept in it")
    return ", ".join(parts)


def _expected(text: str | None) -> Head | None:
    if text is None:
        return None
    try:
        return Head.read(text)
    except ValueError as error:
        raise UsageError(
            "A head is written as N:HASH, with the number of entries and 64 hexadecimal digits.",
            next="`safeload log --verify` prints the present one.",
        ) from error


def _put(file: IO[bytes], offset: int, data: bytes) -> None:
    """Let the file end with `data` at `offset`, on the disk."""
    descriptor = file.fileno()
    done = 0
    while done < len(data):
        done += os.pwrite(descriptor, data[done:], offset + done)
    os.ftruncate(descriptor, offset + len(data))
    os.fsync(descriptor)


def _damaged(path: Path, why: str) -> StateError:
    return StateError(
        f"The audit log {path} is damaged: {why}.",
        next="See `safeload log --verify`. Keep a copy, then move the audit files away to start a new log.",
    )
