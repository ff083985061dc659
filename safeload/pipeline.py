"""The program on one page: Source -> Snapshot -> Report -> Assessment -> Verdict -> Decision -> Grant -> model."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from safeload import home, limits
from safeload.deciding import consent, decide, decision_about, now, refuse_block, write_down
from safeload.decisions.interface import Decider, DeciderKind, Decision, basis_of
from safeload.decisions.store import Store
from safeload.errors import Misbehaved, NotFound, Stop
from safeload.guard import session, stops, vault
from safeload.guard.interface import Grant, Loader
from safeload.guard.loaders.registry import loader_for
from safeload.lean import Any, Callable, Choice, Mapping, TypeVar, record, replace
from safeload.parsers.sandbox import workers
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action, Policy, Review
from safeload.scanners import engine, explain
from safeload.scanners.consistency import compared
from safeload.scanners.interface import How, Report
from safeload.scanners.memo import Memo
from safeload.scanners.remembering import Remembering
from safeload.signals.assess import assess
from safeload.signals.interface import Assessment
from safeload.sources.closure import Closure, listing_of, walk
from safeload.sources.interface import Call, Progress, Silent, Source
from safeload.sources.registry import open_source

T = TypeVar("T")


class Signals(str, Choice):
    """When to find out what else is known about a model: it costs requests, and shows only where somebody looks."""

    NEVER = "never"
    FOR_A_QUESTION = "for-a-question"
    ALWAYS = "always"


@record(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load gave: the review of the local bytes, who decided, and the objects by name (`model`, `tokenizer`)."""

    review: Review
    decision: Decision
    objects: Mapping[str, Any]


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
    opened = _open(call, open_source(call.target, revision=call.revision), progress)
    return _look(opened, policy, progress, signals=signals)[0]


def load(
    call: Call,
    *,
    policy: Policy,
    decider: Decider | None = None,
    progress: Progress | None = None,
    signals: Signals = Signals.ALWAYS,
) -> Loaded:
    """Review by ranges, decide, fetch, scan the local bytes, decide again if they differ, grant, load."""

    def run(opened: Opened, grant: Grant) -> Mapping[str, Any]:
        return opened.loader.load(grant)

    found, decision, objects = admit(call, run, policy=policy, decider=decider, progress=progress, signals=signals)
    return Loaded(review=found, decision=decision, objects=objects)


def admit(
    call: Call,
    run: Callable[[Opened, Grant], T],
    *,
    policy: Policy,
    source: Source | None = None,
    decider: Decider | None = None,
    progress: Progress | None = None,
    signals: Signals = Signals.FOR_A_QUESTION,
) -> tuple[Review, Decision, T]:
    """Everything up to the grant, then `run` under it. Raises `SafeloadError`; then nothing of the model ran."""
    progress = progress or Silent()
    opened = _open(call, source or open_source(call.target, revision=call.revision), progress)
    found, held = _look(opened, policy, progress, signals=signals)
    _nothing_missing(opened)
    answer = None
    if found.assessment.report.how is How.RANGES:
        answer, shown = consent(found, decider), found
        found, held, opened = _bring(opened, found, policy, progress)
        if basis_of(policy, shown.verdict) != basis_of(policy, found.verdict):
            answer = None  # the bytes raise another question than the one that was answered
    decision = decide(found, decider=decider, answer=answer)
    files = {path: item.path for path, item in held.items()}
    grant = Grant.issue(opened.call, found, decision, files)
    # Before it runs, not after: what cannot be written down is not loaded.
    write_down("granted", found, decision)
    progress.step("Loading")
    result = _under(grant, run, opened)
    vault.recheck(held.values())
    return found, decision, result


def settle(
    call: Call,
    *,
    policy: Policy,
    allow: bool,
    note: str,
    who: str,
    kind: DeciderKind,
    unsafe_override: bool = False,
    progress: Progress | None = None,
) -> tuple[Review, Decision]:
    """Approve or deny without loading: fetch, scan the local bytes, remember and log the decision about exactly them.

    Raises `Blocked` for an approval of what the policy blocks, unless it allows an override and one is given.
    """
    progress = progress or Silent()
    opened = _open(call, open_source(call.target, revision=call.revision), progress)
    found, _ = _look(opened, policy, progress, signals=Signals.NEVER)
    _nothing_missing(opened)
    if allow:
        refuse_block(found, unsafe_override=unsafe_override)
    if found.assessment.report.how is How.RANGES:
        found, _, _ = _bring(opened, found, policy, progress)
    if allow:
        refuse_block(found, unsafe_override=unsafe_override)
    action = Action.ALLOW if allow else Action.BLOCK
    decision = decision_about(found, action=action, kind=kind, who=who, note=note)
    # In this order: no decision holds that is not in the log.
    write_down("approved" if allow else "denied", found, decision)
    Store(home.ready()).remember(decision)
    return found, decision


# The steps, in the order in which they happen.


def _open(call: Call, source: Source, progress: Progress) -> Opened:
    progress.step(f"Looking at {source.origin}")
    listing = listing_of(source)
    loader = loader_for(call, listing)
    named = replace(call, loader=loader.name)
    closure = walk(named, source, loader.scope, open_other=_beside(source), listing=listing)
    return Opened(call=named, source=source, loader=loader, closure=closure)


def _beside(source: Source) -> Callable[[str, str | None], Source]:
    """How to open another repository that this one leads to: with the same token, in the same cache."""
    return lambda name, revision: open_source(name, revision=revision, token=source.token, cache=source.cache)


def _look(
    opened: Opened, policy: Policy, progress: Progress, *, signals: Signals, before: Report | None = None
) -> tuple[Review, dict[str, vault.Held]]:
    """Scan what the closure reaches: the local bytes, hashed, where all of them are here; else by ranges."""
    closure = opened.closure
    memo = Memo(home.ready())
    with closing(memo):
        held = _held(closure, memo)
        snapshot = closure.snapshot.with_digests(vault.digests(held)) if held is not None else closure.snapshot
        progress.step("Reading")
        report = engine.scan(
            snapshot,
            closure.open,
            how=How.RANGES if held is None else How.LOCAL,
            worker=Remembering(examiner=workers.shared(), memo=memo, digests=vault.digests(held or {})),
            progress=progress,
        )
    if before is not None:
        report = compared(before, report)
    assessment = Assessment(report=report)
    verdict = evaluate(policy, assessment, wants_weights=opened.loader.wants_weights(opened.call))
    question = signals is Signals.FOR_A_QUESTION and verdict.action is not Action.ALLOW
    if signals is Signals.ALWAYS or question or policy.signals:
        progress.step("Asking who is behind it")
        assessment = assess(report, listing_of(opened.source), opened.source.about(), now=now())
        verdict = evaluate(policy, assessment, wants_weights=opened.loader.wants_weights(opened.call))
    views = explain.views(report, closure.open) if verdict.action is not Action.ALLOW else {}
    found = Review(
        call=opened.call,
        snapshot=snapshot,
        assessment=assessment,
        verdict=verdict,
        policy=policy,
        views=views,
    )
    return found, held or {}


def _held(closure: Closure, memo: Memo) -> dict[str, vault.Held] | None:
    """Every file that is there, hashed; None when one of them is not on this machine."""
    held: dict[str, vault.Held] = {}
    for artifact in closure.snapshot.artifacts:
        path = closure.cached(artifact)
        if path is not None:
            worth = artifact.size is None or artifact.size >= limits.REMEMBERED
            held[artifact.path] = vault.hold(path, expected=artifact.expected, memo=memo if worth else None)
        elif artifact.size is not None and artifact.digest is None:
            return None
    return held


def _bring(
    opened: Opened, before: Review, policy: Policy, progress: Progress
) -> tuple[Review, dict[str, vault.Held], Opened]:
    """Download, and look again at the bytes that came."""
    progress.step("Downloading")
    here = {a.path for a in opened.closure.snapshot.artifacts if opened.closure.cached(a) is not None}
    came = {path: place for path, place in opened.closure.fetch(progress).items() if path not in here}
    closure = walk(opened.call, opened.source, opened.loader.scope, open_other=_beside(opened.source))
    _nothing_missing(replace(opened, closure=closure))
    if {a.path for a in closure.snapshot.artifacts} != {a.path for a in opened.closure.snapshot.artifacts}:
        raise Misbehaved(
            f"{opened.source.origin} served other settings by ranges than by download; nothing was loaded.",
            next="Do not load it from this server.",
        )
    again = replace(opened, closure=closure)
    try:
        found, held = _look(again, policy, progress, signals=Signals.NEVER, before=before.assessment.report)
    except Misbehaved as error:
        if error.file in {str(place) for place in came.values()}:
            # Left there, it would be the next unguarded load's file.
            Path(error.file).resolve().unlink(missing_ok=True)
            Path(error.file).unlink(missing_ok=True)
            raise Misbehaved(
                error.message, next="It was removed again. The server or its mirror serves other bytes."
            ) from None
        raise
    assessment = replace(found.assessment, signals=before.assessment.signals or found.assessment.signals)
    return replace(found, assessment=assessment), held, again


def _nothing_missing(opened: Opened) -> None:
    """Raises `SourceError` where the load would open what is not there: no answer could make it work."""
    for failure in opened.closure.failures.values():
        raise failure
    for artifact in opened.closure.snapshot.artifacts:
        if artifact.size is None:
            raise NotFound(
                f"{opened.source.origin} names {artifact.path}, which is not there; loading it would fail.",
                next="Tell its authors, or load another revision.",
            )


def _under(grant: Grant, run: Callable[[Opened, Grant], T], opened: Opened) -> T:
    try:
        with session.opened(grant):
            return run(opened, grant)
    except Stop as stop:
        error = stops.as_error(stop)
        write_down("stopped", None, None, message=str(error))
        raise error from None
