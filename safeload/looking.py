"""The half of the program that only looks: Source -> Snapshot -> Report -> Assessment -> Verdict.

Most uses of safeload are one scan of one small file, so what only some scans need is imported where they need it.
"""

from __future__ import annotations

from safeload import limits
from safeload.guard import vault
from safeload.guard.holds import Holds
from safeload.guard.loaders.registry import loader_for
from safeload.lean import TYPE_CHECKING, Callable, Choice, Iterable, Mapping, record, replace
from safeload.parsers.sandbox import workers
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action, Review
from safeload.scanners import engine, whole
from safeload.scanners.interface import How
from safeload.signals.interface import Assessment
from safeload.sources.closure import listing_of, walk
from safeload.sources.interface import OriginKind, Role, Silent, Snapshot
from safeload.sources.registry import open_source

if TYPE_CHECKING:
    from safeload.guard.interface import Loader
    from safeload.guard.sealed import Sealed
    from safeload.policy.interface import Policy
    from safeload.scanners.interface import Report
    from safeload.sources.closure import Closure
    from safeload.sources.interface import Call, Progress, Source

Files = dict[str, "vault.Held"]


class Signals(str, Choice):
    """When to find out what else is known about a model: it costs requests, and shows only where somebody looks."""

    NEVER = "never"
    FOR_A_QUESTION = "for-a-question"
    ALWAYS = "always"


@record(frozen=True, slots=True, kw_only=True)
class Opened:
    """A call, the library that would make it, and every file that it reaches."""

    call: Call
    source: Source
    loader: Loader
    closure: Closure


def scan(call: Call, *, policy: Policy, progress: Progress | None = None) -> Review:
    """Look at the files that `call` would open; no signals. Raises `SafeloadError`."""
    return review(call, policy=policy, progress=progress, signals=Signals.NEVER)


def review(
    call: Call, *, policy: Policy, progress: Progress | None = None, signals: Signals = Signals.ALWAYS
) -> Review:
    """`scan`, and what else is known about the model. Nothing of it is downloaded whole, loaded or run."""
    progress = progress or Silent()
    found = open_call(call, open_source(call.target, revision=call.revision), progress)
    if not call.loader:
        found = _every_file(found)
    return look(found, policy, progress, signals=signals)[0]


# The steps, in the order in which they happen.


def open_call(call: Call, source: Source, progress: Progress) -> Opened:
    progress.step(f"Looking at {source.origin}")
    listing = listing_of(source)
    loader = loader_for(call, listing)
    named = replace(call, loader=loader.name)
    closure = walk(named, source, loader.scope, open_other=beside(source), listing=listing)
    return Opened(call=named, source=source, loader=loader, closure=closure)


def _every_file(found: Opened) -> Opened:
    """Of a folder on this machine, the files too that this load would leave alone: another library may take them."""
    if found.source.origin.kind is not OriginKind.LOCAL:
        return found
    snapshot = found.closure.snapshot
    opened = [a for a in snapshot.artifacts if a.role is not Role.BESIDE]
    known = {a.path for a in opened if a.origin is None}
    rest = [replace(a, role=Role.FOUND) for a in found.source.files() if a.path not in known]
    if not rest:
        return found
    return replace(found, closure=replace(found.closure, snapshot=Snapshot.of(snapshot.origin, (*opened, *rest))))


def beside(source: Source, known: Iterable[Source] = ()) -> Callable[[str, str | None], Source]:
    """How to open another repository that this one leads to: with the same token, in the same cache, or as before."""

    def open_other(name: str, revision: str | None) -> Source:
        for other in known:
            if other.origin.name == name and getattr(other, "requested", None) == revision:
                return other
        return open_source(name, revision=revision, token=source.token, cache=source.cache)

    return open_other


def look(
    found: Opened,
    policy: Policy,
    progress: Progress,
    *,
    signals: Signals,
    before: Report | None = None,
    seal: Sealed | None = None,
) -> tuple[Review, Files]:
    """Scan what the closure reaches: the local bytes, hashed as they are read, where all are here; else by ranges.

    With `seal` the local bytes are copied first, and it is the copies that are looked at.
    """
    snapshot, report, held = _report(found.closure, progress, seal)
    if before is not None:
        from safeload.scanners.consistency import compared

        report = compared(before, report)
    assessment = Assessment(report=report)
    verdict = evaluate(policy, assessment, wants_weights=found.loader.wants_weights(found.call))
    question = signals is Signals.FOR_A_QUESTION and verdict.action is not Action.ALLOW
    if signals is Signals.ALWAYS or question or policy.signals:
        progress.step("Asking who is behind it")
        assessment = _assessed(found.source, report)
        verdict = evaluate(policy, assessment, wants_weights=found.loader.wants_weights(found.call))
    views: Mapping[str, str] = {}
    if verdict.action is not Action.ALLOW:
        from safeload.scanners import explain

        views = explain.views(report, found.closure.open)
    review = Review(
        call=found.call, snapshot=snapshot, assessment=assessment, verdict=verdict, policy=policy, views=views
    )
    return review, held


def _report(closure: Closure, progress: Progress, seal: Sealed | None) -> tuple[Snapshot, Report, Files]:
    """What the files are; what is in them; where those lie that were hashed."""
    progress.step("Reading")
    artifacts = closure.snapshot.artifacts
    if any(a.size is not None and a.digest is None and closure.place(a) is None for a in artifacts):
        # One of them is not on this machine.
        report = engine.scan(closure.snapshot, closure.open, how=How.RANGES, worker=workers.shared(), progress=progress)
        return closure.snapshot, report, {}
    if not any(a.size is None or a.size >= limits.REMEMBERED for a in artifacts):
        return _scanned(closure, workers.shared(), None, progress, seal)
    from contextlib import closing

    from safeload import home
    from safeload.scanners.memo import Memo
    from safeload.scanners.remembering import Remembering

    with closing(Memo(home.ready())) as memo:
        remembering = Remembering(examiner=workers.shared(), memo=memo)
        found = _scanned(closure, remembering, memo, progress, seal)
        remembering.remember()
        return found


def _scanned(
    closure: Closure,
    examiner: engine.Examiner,
    memo: vault.Remembered | None,
    progress: Progress,
    seal: Sealed | None,
) -> tuple[Snapshot, Report, Files]:
    """Local bytes: hashed as they are read, and told apart from what they were only when both are done."""
    holds = Holds(closure, memo, seal)
    try:
        report = engine.scan(closure.snapshot, holds.open, how=How.LOCAL, worker=examiner, progress=progress)
        held = holds.held()
    finally:
        holds.close()
    report = whole.hashed(report, vault.digests(held))
    return report.snapshot, report, held


def _assessed(source: Source, report: Report) -> Assessment:
    from safeload.deciding import now
    from safeload.signals.assess import assess

    return assess(report, listing_of(source), source.about(), now=now())
