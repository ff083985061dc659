"""The program on one page: Source -> Snapshot -> Report -> Assessment -> Verdict -> Decision -> Grant -> model."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, TypeVar

from safeload import home
from safeload.auditlog import AuditLog
from safeload.decisions.command import approve_command
from safeload.decisions.interface import Answer, Decider, DeciderKind, Decision, basis_of
from safeload.decisions.store import Store
from safeload.errors import Blocked, DecisionNeeded, Denied, Misbehaved, Stop
from safeload.guard import session, stops, vault
from safeload.guard.interface import Grant, Loader
from safeload.guard.loaders.registry import loader_for
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action, Policy, Review
from safeload.scanners import engine, explain
from safeload.scanners.consistency import compared
from safeload.scanners.interface import How, Report
from safeload.scanners.memo import Memo
from safeload.signals.assess import assess
from safeload.signals.interface import Assessment
from safeload.sources.closure import Closure, listing_of, walk
from safeload.sources.interface import Call, Digest, Progress, Role, Silent, Source
from safeload.sources.registry import open_source

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load gave: the review of the local bytes, who decided, and the objects by name (`model`, `tokenizer`)."""

    review: Review
    decision: Decision
    objects: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A call, the library that would make it, and every file that it reaches."""

    call: Call
    source: Source
    loader: Loader
    closure: Closure


def scan(call: Call, *, policy: Policy, progress: Progress | None = None) -> Review:
    """Look at the files that `call` would open; no signals. Raises `SafeloadError`."""
    return review(call, policy=policy, progress=progress, signals=False)


def review(call: Call, *, policy: Policy, progress: Progress | None = None, signals: bool = True) -> Review:
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
    signals: bool = True,
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
    signals: bool = False,
) -> tuple[Review, Decision, T]:
    """Everything up to the grant, then `run` under it. Raises `SafeloadError`; then nothing of the model ran."""
    progress = progress or Silent()
    opened = _open(call, source or open_source(call.target, revision=call.revision), progress)
    found, held = _look(opened, policy, progress, signals=signals)
    answer = None
    if found.assessment.report.how is How.RANGES:
        answer = _consent(found, decider)
        found, held, opened = _bring(opened, found, policy, progress, signals=signals)
    decision = decide(found, decider=decider, answer=answer)
    files = {path: item.path for path, item in held.items()}
    grant = Grant.issue(opened.call, found, decision, files)
    progress.step("Loading")
    result = _under(grant, run, opened)
    vault.recheck(held.values())
    _log("loaded", found, decision)
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
    found, _ = _look(opened, policy, progress, signals=False)
    if allow:
        _refuse_block(found, unsafe_override=unsafe_override)
    if found.assessment.report.how is How.RANGES:
        found, _, _ = _bring(opened, found, policy, progress, signals=False)
    if allow:
        _refuse_block(found, unsafe_override=unsafe_override)
    action = Action.ALLOW if allow else Action.BLOCK
    decision = _decision(found, action=action, kind=kind, who=who, note=note)
    Store(home.ready()).remember(decision)
    _log("approved" if allow else "denied", found, decision)
    return found, decision


def decide(review: Review, *, decider: Decider | None, answer: Answer | None = None) -> Decision:
    """The policy's decision, a remembered one, or a person's. Raises `Blocked`, `Denied`, `DecisionNeeded`.

    `answer` is what a person said before the download; it counts where the bytes raised the same question.
    """
    action = review.verdict.action
    if action is Action.ALLOW:
        return _decision(review, action=action, kind=DeciderKind.POLICY, who=review.policy.name, note="")
    remembered = _remembered(review)
    if remembered is not None:
        return _honoured(review, remembered)
    if action is Action.BLOCK:
        raise _blocked(review, decider)
    answer = answer or _asked(review, decider)
    decision = _decision(review, action=answer.action, kind=DeciderKind.PERSON, who=answer.who, note=answer.note)
    if answer.remember:
        Store(home.ready()).remember(decision)
    if decision.action is Action.BLOCK:
        _log("denied", review, decision)
        raise Denied(f"{_what(review)} was not loaded: {answer.who} said no.")
    _log("approved", review, decision)
    return decision


# The steps, in the order in which they happen.


def _open(call: Call, source: Source, progress: Progress) -> Opened:
    progress.step(f"Looking at {source.origin}")
    listing = listing_of(source)
    loader = loader_for(call, listing)
    named = replace(call, loader=loader.name)
    closure = walk(named, source, loader.scope, open_other=_open_other)
    return Opened(call=named, source=source, loader=loader, closure=closure)


def _open_other(name: str, revision: str | None) -> Source:
    return open_source(name, revision=revision)


def _look(
    opened: Opened, policy: Policy, progress: Progress, *, signals: bool, before: Report | None = None
) -> tuple[Review, dict[str, vault.Held]]:
    """Scan what the closure reaches: the local bytes, hashed, where all of them are here; else by ranges."""
    closure = opened.closure
    memo = Memo(home.ready())
    with closing(memo):
        held = _held(closure, memo)
        local = held is not None
        snapshot = closure.snapshot.with_digests(vault.digests(held)) if held is not None else closure.snapshot
        progress.step("Reading")
        report = engine.scan(
            snapshot, closure.open, how=How.LOCAL if local else How.RANGES, memo=memo, progress=progress
        )
    if before is not None:
        report = compared(before, report)
    assessment = Assessment(report=report)
    verdict = evaluate(policy, assessment, wants_weights=opened.loader.wants_weights(opened.call))
    if signals or policy.signals or verdict.action is not Action.ALLOW:
        progress.step("Asking who is behind it")
        assessment = assess(report, listing_of(opened.source), opened.source.about(), now=_now())
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
            held[artifact.path] = vault.hold(path, expected=artifact.expected, memo=memo)
        elif artifact.size is not None and artifact.digest is None:
            return None
    return held


def _bring(
    opened: Opened, before: Review, policy: Policy, progress: Progress, *, signals: bool
) -> tuple[Review, dict[str, vault.Held], Opened]:
    """Download, and look again at the bytes that came."""
    progress.step("Downloading")
    opened.closure.fetch(progress)
    closure = walk(opened.call, opened.source, opened.loader.scope, open_other=_open_other)
    if {a.path for a in closure.snapshot.artifacts} != {a.path for a in opened.closure.snapshot.artifacts}:
        raise Misbehaved(
            f"{opened.source.origin} served other settings by ranges than by download; nothing was loaded.",
            next="Do not load it from this server.",
        )
    again = replace(opened, closure=closure)
    found, held = _look(again, policy, progress, signals=False, before=before.assessment.report)
    assessment = replace(found.assessment, signals=before.assessment.signals or found.assessment.signals)
    return replace(found, assessment=assessment), held, again


def _consent(review: Review, decider: Decider | None) -> Answer | None:
    """Before anything large is downloaded: stop what the policy blocks, ask what it asks."""
    if review.verdict.action is Action.ALLOW:
        return None
    remembered = _remembered(review)
    if remembered is not None:
        _honoured(review, remembered)
        return None
    if review.verdict.action is Action.BLOCK:
        raise _blocked(review, decider)
    answer = _asked(review, decider)
    if answer.action is Action.BLOCK:
        _log("denied", review, None)
        raise Denied(f"{_what(review)} was not loaded: {answer.who} said no.")
    return answer


def _under(grant: Grant, run: Callable[[Opened, Grant], T], opened: Opened) -> T:
    try:
        with session.opened(grant):
            return run(opened, grant)
    except Stop as stop:
        error = stops.as_error(stop)
        _log("stopped", None, None, message=str(error))
        raise error from None


# Decisions.


def _decision(review: Review, *, action: Action, kind: DeciderKind, who: str, note: str) -> Decision:
    subject = review.snapshot.digest
    if subject is None:
        raise Misbehaved(
            f"Not every file of {_what(review)} could be read, so nothing can be decided about it.",
            next="See the review for what is missing.",
        )
    basis = basis_of(review.policy, review.verdict)
    return Decision(subject=subject, basis=basis, action=action, decider=kind, who=who, note=note, at=_now())


def _remembered(review: Review) -> Decision | None:
    subject = review.snapshot.digest or _announced(review)
    if subject is None:
        return None
    return Store(home.ready()).recall(subject, basis_of(review.policy, review.verdict), now=_now())


def _announced(review: Review) -> Digest | None:
    """The digest that the snapshot will have if the hub serves what it announced."""
    claims = {
        a.path: a.expected
        for a in review.snapshot.artifacts
        if a.digest is None and a.expected is not None and a.expected.algorithm == "sha256"
    }
    return review.snapshot.with_digests(claims).digest


def _honoured(review: Review, remembered: Decision) -> Decision:
    if remembered.action is Action.BLOCK:
        raise Denied(
            f"{_what(review)} was not loaded: {remembered.who} said no on {remembered.at[:10]}.",
            next=f"To decide anew: {approve_command(review)}",
        )
    if review.verdict.action is Action.BLOCK and not review.policy.unsafe_override:
        raise _blocked(review, None)
    return remembered


def _asked(review: Review, decider: Decider | None) -> Answer:
    answer = decider.ask(review) if decider is not None else None
    if answer is None:
        _log("decision-needed", review, None)
        raise DecisionNeeded(
            f"{_what(review)} was not loaded: {_because(review)} Nobody could be asked.",
            next=f"To approve it: {approve_command(review)}",
        )
    return answer


def _blocked(review: Review, decider: Decider | None) -> Blocked:
    if decider is not None:
        decider.show(review)
    _log("blocked", review, None)
    return Blocked(f"{_what(review)} was not loaded: {_because(review)}", next=_way_out(review))


def _way_out(review: Review) -> str:
    if review.policy.unsafe_override:
        return f"The policy lets you override this: {approve_command(review)} --unsafe-override"
    return f"The policy {review.policy.name!r} blocks it."


def _refuse_block(review: Review, *, unsafe_override: bool) -> None:
    if review.verdict.action is Action.BLOCK and not (unsafe_override and review.policy.unsafe_override):
        raise _blocked(review, None)


def _because(review: Review) -> str:
    action = review.verdict.action
    texts = [reason.text for reason in review.verdict.reasons if reason.action is action]
    return " ".join(texts[:1]) or "nothing allows it."


def _what(review: Review) -> str:
    return str(review.snapshot.origin)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _log(event: str, review: Review | None, decision: Decision | None, **fields: Any) -> None:
    """One entry of the audit log: what, which bytes, under which policy, who."""
    if review is not None:
        snapshot = review.snapshot
        fields |= {
            "origin": str(snapshot.origin),
            "snapshot": str(snapshot.digest) if snapshot.digest else None,
            "files": {a.path: str(a.digest) for a in snapshot.artifacts if a.role is not Role.BESIDE},
            "policy": review.policy.name,
            "action": review.verdict.action.value,
            "reasons": [reason.because for reason in review.verdict.reasons],
        }
    if decision is not None:
        fields |= {"decision": decision.action.value, "decider": decision.decider.value, "note": decision.note}
    fields["who"] = decision.who if decision is not None else getpass.getuser()
    AuditLog(home.ready()).append(event, **fields)
