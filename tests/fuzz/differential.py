"""The same bytes for safeload and for the real unpicklers: what those do is allowed, or the verdict is not allow.

Two properties: nothing that a stream names runs where it is scanned, and a stream for which the verdict is allow makes
no real unpickler resolve a name, or use one in a way, that is not allowed.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import random
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from safeload.parsers import tiers
from safeload.parsers.examine import examine
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.reader import Reader
from safeload.parsers.sandbox.rights import HARMLESS
from safeload.scanners import engine, names, names_file, names_table
from safeload.scanners.interface import How, Unscanned
from safeload.scanners.names import Standing
from safeload.sources.interface import Artifact, Origin, OriginKind, Role, Snapshot
from tests.fuzz import canary
from tests.fuzz.streams import stream

_MEMORY: Final = 1 << 30  # bytes of address space; damaged lengths ask for more
_SECONDS: Final = 5  # for one batch of real loads
_BATCH: Final = 500
_SNAPSHOT: Final = Snapshot.of(Origin(kind=OriginKind.LOCAL, name="fuzz"), [Artifact(path="x", role=Role.WEIGHTS)])

LOADERS: Final[dict[str, Callable[[bytes], Any]]] = {
    "C": pickle.loads,
    "C, bytes": lambda data: pickle.loads(data, encoding="bytes"),
    "C, names as they stand": lambda data: pickle.loads(data, fix_imports=False, encoding="utf-8"),
    "Python": lambda data: pickle._Unpickler(io.BytesIO(data)).load(),  # type: ignore[attr-defined]
    "Python, latin1": lambda data: pickle._Unpickler(io.BytesIO(data), encoding="latin1").load(),  # type: ignore[attr-defined]
}


@dataclass(kw_only=True)
class Outcome:
    """What a run showed. `broken` holds what must not be: hex of the stream, and why."""

    streams: int = 0
    allowed: int = 0
    acted: int = 0
    died: int = 0
    broken: list[tuple[str, str]] = field(default_factory=list)
    findings: Counter[str] = field(default_factory=Counter)


@dataclass
class _Bytes:
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, n: int) -> bytes:
        return self.data[offset : offset + n]

    def fileno(self) -> int:
        return 0  # only tells the engine that every byte can be read

    def close(self) -> None:
        return None


class Scan:
    """An examiner in this process, so that whatever runs is noticed here."""

    def __init__(self) -> None:
        self.watching = False
        self.seen: list[str] = []
        sys.addaudithook(self._heard)

    def announce(self, *what: Any, **more: Any) -> None:
        """Nothing is read ahead."""

    def examine(self, readable: Any, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
        self.watching = True
        try:
            return examine(Reader.of_bytes(readable.data))
        except (MemoryError, RecursionError):
            return (Part(format="unknown", gap=Gap(reason=GapReason.LIMIT)),)
        finally:
            self.watching = False

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if self.watching and event not in HARMLESS:
            self.seen.append(f"{event} {args!r:.200}")


def run(*, seed: int, count: int) -> Outcome:
    """`count` streams made from `seed`."""
    rng = random.Random(seed)
    outcome = Outcome()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, before[1]))
    scan = Scan()
    with _known():
        tiers.load()  # as in a worker, every reader is imported before anything is watched
        list(_verdicts([b"\x80\x02N."], scan, Outcome()))
        while outcome.streams < count:
            batch = [stream(rng) for _ in range(min(_BATCH, count - outcome.streams))]
            real = _start(batch)
            verdicts = list(_verdicts(batch, scan, outcome))
            _compare(batch, verdicts, list(_results(real, batch)), outcome)
    resource.setrlimit(resource.RLIMIT_AS, before)
    return outcome


def share(task: tuple[int, int]) -> Outcome:
    """One process's part of a long run: seed and count."""
    return run(seed=task[0], count=task[1])


@contextlib.contextmanager
def _known() -> Iterator[None]:
    """The canary's names are known while this lasts."""
    extra = names_table.assemble([("canary", names_file.parsed(canary.KNOWLEDGE, file="canary"))])
    original = names._tables
    names._tables = lambda module: (*original(module), extra)  # type: ignore[assignment]
    names._answer.cache_clear()
    try:
        yield
    finally:
        names._tables = original
        names._answer.cache_clear()


def _verdicts(batch: Sequence[bytes], scan: Scan, outcome: Outcome) -> Iterator[bool]:
    """Is it allowed? Every finding and every gap asks or blocks, so only neither is allow."""
    for data in batch:
        report = engine.scan(_SNAPSHOT, lambda _, data=data: _Bytes(data), how=How.LOCAL, worker=scan)  # type: ignore[misc]
        if scan.seen or canary.collect():
            outcome.broken.append((data.hex(), f"something ran while it was scanned: {scan.seen}"))
            scan.seen.clear()
        outcome.findings.update(finding.rule.id for finding in report.findings)
        yield not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def _compare(
    batch: Sequence[bytes], verdicts: Sequence[bool], results: Sequence[list[Any] | None], outcome: Outcome
) -> None:
    for data, allowed, result in zip(batch, verdicts, results, strict=True):
        outcome.streams += 1
        outcome.allowed += allowed
        if result is None:
            outcome.died += 1
            continue
        for loader, (happened, resolved) in zip(LOADERS, result, strict=True):
            if (
                loader == "C, bytes"
            ):  # Python 2's strings arrive as bytes there; what may be given one may be given both
                happened = [
                    (n, role, ["str" if kind == "bytes" else kind for kind in given]) for n, role, given in happened
                ]
            bad = [
                f"{n} {role} {given}" for n, role, given in happened if not canary.permitted((n, role, tuple(given)))
            ]
            bad += [f"resolves {module}.{name}" for module, name in resolved if not _allowed(module, name)]
            outcome.acted += bool(happened)
            if bad and allowed:
                outcome.broken.append((data.hex(), f"{loader}: {bad[0]}"))


def _allowed(module: str, name: str) -> bool:
    return names.classify(module, name) in (Standing.FREE, Standing.CONDITIONAL)


def _start(batch: Sequence[bytes], first: int = 0) -> tuple[int, int]:
    """Real loads in a child: its process id and the end of a pipe with one line of JSON a stream."""
    read, write = os.pipe()
    child = os.fork()
    if child:
        os.close(write)
        return child, read
    try:
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        resolved: list[tuple[str, str]] = []
        sys.addaudithook(lambda event, args: resolved.append(args[:2]) if event == "pickle.find_class" else None)
        sys.stdout = sys.stderr = io.StringIO()
        with os.fdopen(write, "w", buffering=1) as answers:
            for data in batch[first:]:
                answers.write(json.dumps([_load(loader, data, resolved) for loader in LOADERS.values()]) + "\n")
    finally:
        os._exit(0)


def _load(loader: Callable[[bytes], Any], data: bytes, resolved: list[tuple[str, str]]) -> tuple[list[Any], list[Any]]:
    resolved.clear()
    with contextlib.suppress(Exception, RecursionError, MemoryError):  # whatever the stream ends in
        loader(data)
    # The Python unpickler imports through the same event; a name that cannot be imported harms nobody.
    there = [(str(module), str(name)) for module, name in resolved if str(module) in sys.modules]
    return canary.collect(), there


def _results(started: tuple[int, int], batch: Sequence[bytes]) -> Iterator[list[Any] | None]:
    """One result a stream; None for a stream that ended the process, after which another goes on."""
    done = 0
    while True:
        child, read = started
        with os.fdopen(read) as answers:
            for line in answers:
                if line.endswith("\n"):
                    yield json.loads(line)
                    done += 1
        os.waitpid(child, 0)
        if done >= len(batch):
            return
        yield None
        done += 1
        if done >= len(batch):
            return
        started = _start(batch, done)
