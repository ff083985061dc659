"""Entries of the audit log as lines, each holding the hash of the one before."""

from __future__ import annotations

import hashlib
import json
import os
import re

from safeload import limits
from safeload.lean import IO, Any, Final, Iterator, Mapping, field, record, replace

__all__ = ["Entry", "Head", "Tail", "entry_of", "line_of", "tail_of", "walk"]

START: Final = "0" * 64  # what the first entry names as the one before
_KEYS: Final = {"n", "at", "event", "fields", "prev", "hash"}
_LINE: Final = 2 * limits.LOG_ENTRY  # bytes of the longest line that is read


@record(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `recovered` tells what a crash left behind just before, if it did."""

    n: int
    at: str
    event: str
    fields: Mapping[str, Any]
    prev: str
    hash: str
    recovered: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True, kw_only=True)
class Head:
    """How many entries there are, and the hash of the last; written as `N:HASH`."""

    count: int = 0
    hash: str = START

    @classmethod
    def read(cls, text: str) -> Head:
        """Raises `ValueError`."""
        found = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", text.strip())
        if not found:
            raise ValueError("not a head")
        return cls(count=int(found[1]), hash=found[2])

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"


@record(frozen=True, slots=True, kw_only=True)
class Tail:
    """How a log ends: the last entry and the one before it, where the last ends in bytes, what is torn behind it."""

    last: Head
    before: Head
    end: int
    torn: bytes


def entry_of(event: str, fields: Mapping[str, Any], *, after: Head, at: str, recovered: Mapping[str, Any]) -> Entry:
    """The entry that follows `after`. Fields that would flood the log are shortened, and say so."""
    # Through JSON and back, so that the entry in memory is the one that a reader will see.
    text = json.dumps({str(key): value for key, value in fields.items()}, default=str)
    plain = json.loads(text)
    if len(text) > limits.LOG_ENTRY // 2:
        sha = hashlib.sha256(text.encode()).hexdigest()
        plain = {"shortened": text[: limits.LOG_ENTRY // 4], "characters": len(text), "sha256": sha}
    entry = Entry(
        n=after.count + 1, at=at, event=event, fields=plain, prev=after.hash, hash="", recovered=dict(recovered)
    )
    return replace(entry, hash=_hash(_said(entry)))


def line_of(entry: Entry) -> bytes:
    return _canonical(_said(entry) | {"hash": entry.hash}) + b"\n"


def walk(file: IO[bytes]) -> Iterator[tuple[int, Entry | str]]:
    """Every line's number with its entry, or with what is wrong with it."""
    before: Head | None = Head()
    number = 0
    while line := file.readline(_LINE + 1):
        number += 1
        if not line.endswith(b"\n"):
            yield number, "this is no entry: a write was cut off, or something was added"
            return
        found = _parsed(line)
        if isinstance(found, Entry) and before is not None and (found.n, found.prev) != (before.count + 1, before.hash):
            yield number, f"entry {found.n} does not follow the one before it: entries were changed, removed or moved"
        else:
            yield number, found
        before = Head(count=found.n, hash=found.hash) if isinstance(found, Entry) else None


def tail_of(descriptor: int) -> Tail | str:
    """How the log ends, or what is wrong there; reads no more than the last lines."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 2 * _LINE)
    data = os.pread(descriptor, size - start, start)
    cut = data.rfind(b"\n") + 1
    if cut == 0:
        return "its end is no entry" if start else Tail(last=Head(), before=Head(), end=0, torn=data)
    first = data.rfind(b"\n", 0, cut - 1) + 1
    if first == 0 and start:
        return "its last line is too long"
    found = _parsed(data[first:cut])
    if isinstance(found, str):
        return f"the last line: {found}"
    last, before = Head(count=found.n, hash=found.hash), Head(count=found.n - 1, hash=found.prev)
    return Tail(last=last, before=before, end=start + cut, torn=data[cut:])


def _parsed(line: bytes) -> Entry | str:
    """A line's entry, if it is exactly what was written, byte for byte."""
    try:
        said = json.loads(line)
        if not isinstance(said, dict) or not _KEYS <= said.keys() <= _KEYS | {"recovered"}:
            return "this is no entry"
        hashed = said.pop("hash")
        entry = Entry(**said, hash=hashed)
        texts = (entry.at, entry.event, entry.prev, entry.hash)
        tables = (entry.fields, entry.recovered)
        if type(entry.n) is not int or not all(isinstance(text, str) for text in texts):
            return "this is no entry"
        if not all(isinstance(table, dict) for table in tables):
            return "this is no entry"
        if _hash(said) != hashed or line_of(entry) != line:
            return "this entry was changed: its hash does not fit"
    except (ValueError, TypeError, RecursionError):
        return "this is no entry"
    return entry


def _said(entry: Entry) -> dict[str, Any]:
    """All of an entry but its hash."""
    said: dict[str, Any] = {
        "n": entry.n,
        "at": entry.at,
        "event": entry.event,
        "fields": entry.fields,
        "prev": entry.prev,
    }
    return said | ({"recovered": entry.recovered} if entry.recovered else {})


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _hash(said: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(said)).hexdigest()
