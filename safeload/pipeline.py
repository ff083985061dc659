"""The program on one page: Source -> Snapshot -> Report -> Assessment -> Verdict -> Decision -> Grant -> model."""

from __future__ import annotations

from pathlib import Path

from safeload import home
from safeload.deciding import consent, decide, decision_about, refuse_block, write_down
from safeload.decisions.interface import Decider, DeciderKind, Decision, basis_of
from safeload.decisions.store import Store
from safeload.errors import Blocked, Misbehaved, NotFound, Stop
from safeload.guard import neighbours, session, stops, vault
from safeload.guard.interface import Grant
from safeload.lean import TYPE_CHECKING, Any, Callable, Mapping, TypeVar, record, replace
from safeload.looking import Files, Opened, Signals, beside, look, open_call, review, scan
from safeload.policy.interface import Action, Policy, Review
from safeload.scanners.interface import How
from safeload.sources.closure import walk
from safeload.sources.interface import Call, Progress, Silent, Source
from safeload.sources.registry import open_source

if TYPE_CHECKING:
    from safeload.guard.sealed import Sealed

__all__ = ["Loaded", "Opened", "Signals", "admit", "load", "review", "scan", "settle"]

T = TypeVar("T")


@record(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load gave: the review of the local bytes, who decided, and the objects by name (`model`, `tokenizer`)."""

    review: Review
    decision: Decision
    objects: Mapping[str, Any]


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
    seal = _seal(policy)
    try:
        return _admit(call, run, policy, source, decider, progress or Silent(), signals, seal)
    except BaseException:
        if seal is not None:
            seal.close()
        raise


def _admit(
    call: Call,
    run: Callable[[Opened, Grant], T],
    policy: Policy,
    source: Source | None,
    decider: Decider | None,
    progress: Progress,
    signals: Signals,
    seal: Sealed | None,
) -> tuple[Review, Decision, T]:
    opened = open_call(call, source or open_source(call.target, revision=call.revision), progress)
    found, held = look(opened, policy, progress, signals=signals, seal=seal)
    _nothing_missing(opened)
    answer = None
    if found.assessment.report.how is How.RANGES:
        answer, shown = consent(found, decider), found
        found, held, opened = _bring(opened, found, policy, progress, seal)
        if basis_of(policy, shown.verdict) != basis_of(policy, found.verdict):
            answer = None  # the bytes raise another question than the one that was answered
    decision = decide(found, decider=decider, answer=answer)
    files = {path: item.path for path, item in held.items()}
    if seal is not None:
        files |= seal.lay_out(found.snapshot, held)
    grant = Grant.issue(opened.call, found, decision, files, seal)
    # Before it runs, not after: what cannot be written down is not loaded.
    write_down("granted", found, decision)
    progress.step("Loading")
    return found, decision, _under(grant, lambda: _checked(grant, held, lambda: run(opened, grant)))


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
    opened = open_call(call, open_source(call.target, revision=call.revision), progress)
    found, _ = look(opened, policy, progress, signals=Signals.NEVER)
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


def _seal(policy: Policy) -> Sealed | None:
    if not policy.seals:
        return None
    from safeload.guard.sealed import Sealed

    return Sealed()


def _bring(
    opened: Opened, before: Review, policy: Policy, progress: Progress, seal: Sealed | None = None
) -> tuple[Review, Files, Opened]:
    """Download, and look again at the bytes that came."""
    progress.step("Downloading")
    here = {a.path for a in opened.closure.snapshot.artifacts if opened.closure.cached(a) is not None}
    came = {path: place for path, place in opened.closure.fetch(progress).items() if path not in here}
    # The other repositories at the commits that were looked at, wherever they stand by now.
    others = beside(opened.source, tuple(opened.closure.sources.values()))
    closure = walk(opened.call, opened.source, opened.loader.scope, open_other=others)
    _nothing_missing(replace(opened, closure=closure))
    if {a.path for a in closure.snapshot.artifacts} != {a.path for a in opened.closure.snapshot.artifacts}:
        raise Misbehaved(
            f"{opened.source.origin} served other settings by ranges than by download; nothing was loaded.",
            next="Do not load it from this server.",
        )
    again = replace(opened, closure=closure)
    try:
        found, held = look(again, policy, progress, signals=Signals.NEVER, before=before.assessment.report, seal=seal)
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
        if artifact.size is None and artifact.path.startswith("kernel:"):
            raise Blocked(
                f"{opened.source.origin} names the kernel {artifact.path.removeprefix('kernel:')}: programs of another "
                "repository, which run in this process and which safeload cannot look at.",
                next='Load it without: attn_implementation="sdpa" (or "eager"), experts_implementation="eager".',
            )
        if artifact.size is None:
            raise NotFound(
                f"{opened.source.origin} names {artifact.path}, which is not there; loading it would fail.",
                next="Tell its authors, or load another revision.",
            )


def _checked(grant: Grant, held: Files, run: Callable[[], T]) -> T:
    """`run`, and then: the bytes are still those that were decided on. Raises `Changed`."""
    if grant.sealed is not None:
        from safeload.guard import afterwards

        return afterwards.sealed(grant.sealed, grant.snapshot, held, run)
    neighbours.tell(grant.files.values())
    result = run()
    vault.recheck(held.values())
    return result


def _under(grant: Grant, run: Callable[[], T]) -> T:
    try:
        with session.opened(grant):
            return run()
    except Stop as stop:
        error = stops.as_error(stop)
        write_down("stopped", None, None, message=str(error))
        raise error from None
