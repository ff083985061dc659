"""The second opinion: what is not clean, as the Python that loading it would have run."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from safeload import limits
from safeload.errors import Malformed, SourceError
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Iterator, Mapping, Sequence, record
from safeload.parsers.sandbox import wire
from safeload.scanners import names, pickle_rules
from safeload.scanners.escape import plain
from safeload.scanners.interface import Finding, Report, Result, Severity
from safeload.scanners.names import Standing
from safeload.sources.interface import Artifact, Role
from safeload.sources.readable import Readable

if TYPE_CHECKING:
    from safeload.parsers.facts import Stream

__all__ = ["view", "views"]

_SEVERE: Final = frozenset({Severity.HIGH, Severity.CRITICAL})
_ASKED: Final = frozenset({pickle_rules.UNKNOWN_NAME.id, pickle_rules.CONDITIONS_NOT_MET.id})
_NO_ENVIRONMENT: Final[dict[str, str]] = {}
_FAILED: Final = "# fickling could not show this"


def views(report: Report, open_artifact: Callable[[Artifact], Readable]) -> Mapping[str, str]:
    """By artifact path, the decompiled text of what is not clean. For a person to read; never decides anything."""
    wanted: dict[str, list[Result]] = {}
    for result in report.results:
        if result.streams and report.role(result.location.artifact) is not Role.BESIDE and _worth(result):
            wanted.setdefault(result.location.artifact, []).append(result)
    artifacts = {artifact.path: artifact for artifact in report.snapshot.artifacts}
    return {
        path: _of_artifact(artifacts[path], results, open_artifact)
        for path, results in list(wanted.items())[: limits.EXPLAIN_FILES]
    }


def view(
    readable: Readable, member: Sequence[str], streams: Sequence[Stream], *, bad: Sequence[str] = (), seconds: float = 0
) -> str:
    """The decompiled text of `streams` of one member, without control characters, within the limits.

    `bad` are names whose lines are kept when the text is cut. `seconds` of wall time (0: twice the CPU limit).
    Raises what `readable.read_at` raises.
    """
    short = [stream for stream in streams if stream.length <= limits.EXPLAIN_PICKLE][: limits.EXPLAIN_STREAMS]
    if not short or readable.size is None:
        return f"{_FAILED}: too long"
    child = _Child.start(seconds or 2 * limits.EXPLAIN_CPU + limits.WORKER_START)
    if child is None:
        return f"{_FAILED}: its process did not start"
    try:
        request = {
            "size": readable.size,
            "member": list(member),
            "streams": [{"offset": s.offset, "length": s.length, "sha256": s.sha256} for s in short],
            "names": list(bad),
        }
        return plain("\n\n".join(child.texts(request, readable)), limits.EXPLAIN_TEXT, lines=True)
    finally:
        child.end()


def _worth(result: Result) -> bool:
    rules = {rule.id for rule in pickle_rules.RULES}
    return any(f.rule.id in rules and (f.rule.severity in _SEVERE or f.rule.id in _ASKED) for f in result.findings)


def _of_artifact(artifact: Artifact, results: list[Result], opener: Callable[[Artifact], Readable]) -> str:
    """All members of one file, each below its name; where fickling failed, what was seen instead."""
    texts = []
    try:
        readable = opener(artifact)
        try:
            for result in results[: limits.EXPLAIN_STREAMS]:
                texts.append(_of_result(result, readable))
        finally:
            readable.close()
    except (SourceError, OSError):
        texts.append(f"{_FAILED}: the file could not be read a second time")
    return plain("\n\n".join(texts), limits.EXPLAIN_TEXT, lines=True)


def _of_result(result: Result, readable: Readable) -> str:
    odd = [stream for stream in result.streams if any(_odd(*pair) for pair in stream.names)]
    bad = sorted({name.rpartition(".")[2] for s in odd for module, name in s.names if _odd(module, name)})
    text = view(readable, result.location.member, odd or result.streams, bad=bad)
    if result.location.member:
        text = f"# {'/'.join(plain(part, limits.EVIDENCE) for part in result.location.member)}\n{text}"
    return "\n".join((text, *_instead(result.findings))) if _FAILED in text else text


def _odd(module: str, name: str) -> bool:
    return names.classify(module, name) in (Standing.DANGEROUS, Standing.UNKNOWN)


def _instead(findings: Sequence[Finding]) -> Iterator[str]:
    yield "# seen while the file was scanned:"
    for finding in findings:
        yield from (text for text in finding.evidence if "(" in text)


@record(slots=True, kw_only=True)
class _Child:
    """One process for one view."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    deadline: float

    @classmethod
    def start(cls, seconds: float) -> _Child | None:
        ours, theirs = socket.socketpair()
        path = Path(__file__).with_name("explain_child.py")
        try:
            # With site-packages, for fickling; without the environment, where tokens stand.
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(path)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_NO_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError:
            ours.close()
            return None
        finally:
            theirs.close()
        return cls(process=process, channel=ours, deadline=time.monotonic() + seconds)

    def texts(self, request: dict[str, Any], readable: Readable) -> Iterator[str]:
        """One text a pickle; the last is a note where the child failed. Its answers are hostile too."""
        try:
            wire.send(self, json.dumps(request).encode())
            while True:
                message = json.loads(wire.receive(self, most=limits.WORKER_MESSAGE))
                op = message.get("op") if isinstance(message, dict) else None
                if op == "read":
                    wire.send(self, _piece(message, readable))
                elif op == "text":
                    yield from _said(message)
                else:
                    if op != "done":
                        why = message.get("why") if isinstance(message, dict) else None
                        yield f"{_FAILED}: {plain(str(why), limits.EVIDENCE)}"
                    return
        except TimeoutError:
            yield f"{_FAILED}: it took too long"
        except (OSError, EOFError, Malformed, ValueError, RecursionError):
            yield f"{_FAILED}: it ended without an answer"

    def recv(self, n: int, /) -> bytes:
        self.channel.settimeout(self._left())
        return self.channel.recv(n)

    def sendall(self, data: bytes, /) -> None:
        self.channel.settimeout(self._left())
        self.channel.sendall(data)

    def end(self) -> None:
        self.channel.close()
        self.process.kill()
        self.process.wait()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _piece(message: dict[str, Any], readable: Readable) -> bytes:
    offset, n = message.get("offset"), message.get("n")
    if type(offset) is not int or type(n) is not int or offset < 0 or not 0 <= n <= limits.RANGE_REQUEST:
        raise Malformed("the child asked for bytes that it may not have")
    return readable.read_at(offset, n)


def _said(message: dict[str, Any]) -> Iterator[str]:
    text, absent = message.get("text"), message.get("absent")
    if not isinstance(text, str) or not isinstance(absent, list):
        raise Malformed("not an answer")
    missing = [plain(str(name), limits.EVIDENCE) for name in absent[:8]]
    if missing:
        yield f"# fickling does not show these names, which the scan saw: {', '.join(missing)}"
    yield text
