"""Walks a snapshot: every artifact becomes findings or a gap."""

from __future__ import annotations

import sys

from safeload import __version__, limits
from safeload.errors import Changed, NotFound, SourceError
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Protocol, record, replace
from safeload.parsers import external, inert, purposes
from safeload.parsers.facts import GapReason, Part
from safeload.scanners import beside, identity, whole
from safeload.scanners.ahead import Ahead
from safeload.scanners.escape import plain
from safeload.scanners.interface import (
    Engine,
    Finding,
    How,
    Location,
    Report,
    Result,
    Scanned,
    Scanner,
    Tensors,
    Unscanned,
)
from safeload.scanners.registry import seeing
from safeload.sources.interface import Artifact, Origin, Progress, Role, Silent, Snapshot
from safeload.sources.readable import Readable

if TYPE_CHECKING:
    from safeload.scanners.template_diff import Held

__all__ = ["Examiner", "scan"]

_PURPOSES: Final = {Role.CODE: purposes.PYTHON, Role.TEMPLATE: purposes.TEMPLATE}
# What a load reads as text, or does not read at all: an empty file or plain text is nothing odd there.
_READ_AS_TEXT: Final = frozenset({Role.CONFIG, Role.TOKENIZER, Role.TEMPLATE, Role.FOUND, Role.BESIDE})
_DEEP: Final = "nested too deeply to be read"


class Examiner(Protocol):
    """What the engine needs of a worker: facts of one file, the artifact itself first, then its members."""

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None:
        """`examine` will be called for it, after what was announced before."""

    def examine(self, readable: Readable, /, *, name: str, purpose: str = "") -> tuple[Part, ...]: ...


@record(frozen=True, slots=True, kw_only=True)
class _Seen:
    results: tuple[Result, ...]
    tensors: tuple[Tensors, ...] = ()
    templates: tuple[Held, ...] = ()
    weights: frozenset[beside.Named] = frozenset()


def scan(
    snapshot: Snapshot,
    open_artifact: Callable[[Artifact], Readable],
    *,
    how: How,
    worker: Examiner | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look at every artifact of `snapshot`.

    `open_artifact` gives the bytes of one; `how` says whether they are local. `worker` parses them (default: the
    shared one). Raises `Changed` when a local file is not the one that was looked at; every other failure is a gap.
    """
    examiner = worker if worker is not None else _shared()
    told = progress if progress is not None else Silent()
    seen: list[_Seen] = []
    with Ahead(snapshot.artifacts, open_artifact, examiner, _purpose) as ahead:
        # Opening a file of a hub may take a request: nothing is asked for ahead.
        opener = ahead.open if how is How.LOCAL else open_artifact
        for artifact in snapshot.artifacts:
            told.step(f"Looking at {plain(artifact.path, limits.EVIDENCE)}")
            seen.append(_guarded(artifact, opener, examiner, how=how, origin=snapshot.origin))
    weights, sizes = frozenset().union(*(one.weights for one in seen)), {a.path: a.size for a in snapshot.artifacts}
    results = beside.noted((result for one in seen for result in one.results), weights, sizes)
    templates = tuple(held for one in seen for held in one.templates)
    return Report(
        snapshot=snapshot,
        results=_templates().noted(results, templates) if templates else results,
        engine=Engine(version=__version__, python=sys.version.partition(" ")[0], missing_extras=external.missing()),
        how=how,
        tensors=tuple(tensors for one in seen for tensors in one.tensors),
        templates=templates,
    )


def _shared() -> Examiner:
    from safeload.parsers.sandbox import workers

    return workers.shared()


def _guarded(
    artifact: Artifact, opener: Callable[[Artifact], Readable], examiner: Examiner, *, how: How, origin: Origin
) -> _Seen:
    """One artifact; whatever goes wrong becomes a gap, since a scanner that fails must not look like a clean file."""
    try:
        return _artifact(artifact, opener, examiner, how=how, origin=origin)
    except Changed as error:
        if how is How.LOCAL:
            raise
        return _gap(artifact, GapReason.UNREACHABLE, str(error))
    except NotFound as error:
        return _gap(artifact, GapReason.MISSING, error.message)
    except SourceError as error:
        return _gap(artifact, GapReason.UNREACHABLE, error.message)
    except FileNotFoundError:
        return _gap(artifact, GapReason.MISSING, "there is no such file")
    except OSError as error:
        return _gap(artifact, GapReason.UNREADABLE, error.strerror or type(error).__name__)
    except (MemoryError, RecursionError) as error:
        return _gap(artifact, GapReason.LIMIT, type(error).__name__)
    except Exception as error:  # noqa: BLE001  # Not knowing is a value: this is where it is made.
        return _gap(artifact, GapReason.CRASHED, f"{type(error).__name__}: {error}")


def _gap(artifact: Artifact, reason: GapReason, detail: str) -> _Seen:
    place = Location(artifact=artifact.path)
    return _Seen(results=(Unscanned(location=place, reason=reason, detail=plain(detail, limits.EVIDENCE)),))


def _artifact(
    artifact: Artifact, opener: Callable[[Artifact], Readable], examiner: Examiner, *, how: How, origin: Origin
) -> _Seen:
    readable = opener(artifact)
    try:
        if how is How.LOCAL and readable.fileno() is None and getattr(readable, "whole", None) is None:
            # Without a descriptor a worker reads as over a network: not every member of an archive.
            return _gap(artifact, GapReason.UNREADABLE, "not a file on this machine")
        parts = examiner.examine(readable, name=artifact.path, purpose=_purpose(artifact))
        if not parts:
            return _gap(artifact, GapReason.CRASHED, "the parser said nothing about this file")
        results = [_judge(part, artifact, readable) for part in parts]
        results[0] = _with(results[0], identity.judge(parts[0], artifact))
        results[0] = _by_role(results[0], parts[0], artifact, origin)
        if unheld := getattr(readable, "unheld", ""):
            results[0] = _unread(results[0], GapReason.LIMIT, unheld)
    finally:
        readable.close()
    tensors = tuple(
        Tensors(artifact=artifact.path, tensors=part.tensors.tensors, parameters=part.tensors.parameters)
        for part in parts
        if part.tensors is not None
    )
    templates = _templates().held(parts, artifact) if any(part.template is not None for part in parts) else ()
    return _Seen(results=tuple(results), tensors=tensors, templates=templates, weights=beside.named(parts, artifact))


def _templates() -> Any:
    from safeload.scanners import template_diff  # few files have one

    return template_diff


_last: list[tuple[Part | None, tuple[Scanner, ...]]] = [(None, ())]


def _seeing(part: Part) -> tuple[Scanner, ...]:
    """Equal answers of a worker are one object: of a folder of small files, most are."""
    last, scanners = _last[0]
    if last is not part:
        scanners = seeing(part)
        _last[0] = part, scanners
    return scanners


def _judge(part: Part, artifact: Artifact, readable: Readable) -> Result:
    """Findings by format, and the gap if there is one: what was seen before reading failed is still evidence."""
    scanners = _seeing(part)
    findings = tuple([finding for scanner in scanners for finding in scanner.judge(part, artifact)])
    read = Scanned(
        location=Location(artifact=artifact.path, member=part.member),
        format=plain(part.format, limits.EVIDENCE),
        scanner="+".join([scanner.name for scanner in scanners]),
        findings=findings,
        streams=whole.located(part, readable),
    )
    if part.gap is not None:
        return _unread(read, part.gap.reason, part.gap.detail)
    if part.member and part.text is not None and "too-deep" in part.text.anomalies:
        # What could not be read here may be read by a loader, which has a few levels of calls less above it.
        return _unread(read, GapReason.LIMIT, _DEEP)
    if not scanners:
        return _unread(read, GapReason.UNKNOWN_FORMAT, f"{part.format}: nothing here knows this format")
    return read


def _purpose(artifact: Artifact) -> str:
    """What its text is for: the load's own use of the file before what its name tells."""
    if artifact.role is Role.TEMPLATE and artifact.path.endswith(".json"):
        return ""  # a setting that holds the template
    return _PURPOSES.get(artifact.role) or purposes.purpose_of(artifact.path)


def _by_role(result: Result, part: Part, artifact: Artifact, origin: Origin) -> Result:
    """What the load does with the file: runs it, reads it as text, or expects tensors in it."""
    empty = part.gap is not None and part.gap.reason is GapReason.EMPTY
    textual = part.text is not None or (empty and artifact.role in _READ_AS_TEXT | {Role.CODE})
    if artifact.role is Role.CODE:
        from safeload.scanners import remote_code

        result = _with(result, (remote_code.runs(part.code, artifact, origin),))
        return _inert(result, "remote-code") if textual else result
    if part.format in inert.FORMATS and artifact.role in (Role.WEIGHTS, Role.TARGET):
        return _unread(result, GapReason.UNKNOWN_FORMAT, f"{part.format} is no model")
    if not textual:
        return result
    if artifact.role in _READ_AS_TEXT:
        return _settings(_inert(result, "text"), part, artifact)
    if part.text is not None and part.text.json:
        return result  # A JSON document starts with no opcode of a pickle: it is text to every loader.
    detail = "text, where weights were expected" if artifact.role is Role.WEIGHTS else "plain text is no model"
    return _unread(result, GapReason.UNKNOWN_FORMAT, detail)


def _settings(result: Result, part: Part, artifact: Artifact) -> Result:
    """What a library would read as settings, and nobody could here, is not read."""
    deep = part.text is not None and "too-deep" in part.text.anomalies
    if deep and artifact.role in (Role.CONFIG, Role.TOKENIZER, Role.FOUND):
        return _unread(result, GapReason.LIMIT, _DEEP)
    return result


def _inert(result: Result, scanner: str) -> Result:
    """Text that is there for reading; an empty file of it is nothing that was missed."""
    if isinstance(result, Unscanned) and result.reason is GapReason.EMPTY:
        return Scanned(location=result.location, format="text", scanner=scanner, findings=result.findings)
    return replace(result, scanner=scanner) if isinstance(result, Scanned) else result


def _unread(result: Result, reason: GapReason, detail: str) -> Result:
    return Unscanned(
        location=result.location,
        reason=reason,
        detail=plain(detail, limits.EVIDENCE),
        format=result.format,
        findings=result.findings,
        streams=result.streams,
    )


def _with(result: Result, findings: tuple[Finding, ...]) -> Result:
    return replace(result, findings=(*result.findings, *findings)) if findings else result
