"""Who decides, and how it is written down: the policy, a remembered decision, or a person."""

from __future__ import annotations

import getpass
from datetime import datetime, timezone

from safeload import home
from safeload.auditlog import AuditLog
from safeload.decisions.command import approve_command, how_to_approve
from safeload.decisions.interface import Answer, Decider, DeciderKind, Decision, basis_of
from safeload.decisions.store import Store
from safeload.errors import Blocked, DecisionNeeded, Denied, Misbehaved, NotLoaded
from safeload.lean import Any
from safeload.policy.interface import Action, Review
from safeload.sources.interface import Digest, Role


def decide(review: Review, *, decider: Decider | None, answer: Answer | None = None) -> Decision:
    """The policy's decision, a remembered one, or a person's. Raises `Blocked`, `Denied`, `DecisionNeeded`.

    `answer` is what a person said before the download; it counts where the bytes raised the same question.
    """
    action = review.verdict.action
    remembered = _remembered(review)
    if remembered is not None:
        return _honoured(review, remembered)
    if action is Action.ALLOW:
        return decision_about(review, action=action, kind=DeciderKind.POLICY, who=review.policy.name, note="")
    if action is Action.BLOCK:
        raise _blocked(review, decider)
    answer = answer or _asked(review, decider)
    decision = decision_about(review, action=answer.action, kind=DeciderKind.PERSON, who=answer.who, note=answer.note)
    if decision.action is Action.BLOCK:  # a no to a question is asked again; `safeload deny` is kept
        write_down("denied", review, decision)
        raise Denied(f"{_what(review)} was not loaded: {answer.who} said no.")
    write_down("approved", review, decision)  # first: no decision holds that is not in the log
    if answer.remember:
        Store(home.ready()).remember(decision)
    return decision


def is_approved(review: Review) -> bool:
    """Has somebody said yes to exactly this before?"""
    remembered = _remembered(review)
    return remembered is not None and remembered.action is Action.ALLOW


def consent(review: Review, decider: Decider | None) -> Answer | None:
    """Before anything large is downloaded: stop what the policy blocks, ask what it asks."""
    remembered = _remembered(review)
    if remembered is not None:
        _honoured(review, remembered)
        return None
    if review.verdict.action is Action.ALLOW:
        return None
    if review.verdict.action is Action.BLOCK:
        raise _blocked(review, decider)
    answer = _asked(review, decider)
    if answer.action is Action.BLOCK:
        write_down("denied", review, None)
        raise Denied(f"{_what(review)} was not loaded: {answer.who} said no.")
    return answer


def decision_about(review: Review, *, action: Action, kind: DeciderKind, who: str, note: str) -> Decision:
    subject = review.snapshot.digest
    if subject is None:
        raise Misbehaved(
            f"Not every file of {_what(review)} could be read, so nothing can be decided about it.",
            next="See the review for what is missing.",
        )
    basis = basis_of(review.policy, review.verdict)
    return Decision(subject=subject, basis=basis, action=action, decider=kind, who=who, note=note, at=now())


def _remembered(review: Review) -> Decision | None:
    subject = review.snapshot.digest or _announced(review)
    if subject is None:
        return None
    return Store(home.ready()).recall(subject, basis_of(review.policy, review.verdict), now=now())


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
            next=how_to_approve(review),
        )
    if review.verdict.action is Action.BLOCK and not review.policy.unsafe_override:
        raise _blocked(review, None)
    return remembered


def _asked(review: Review, decider: Decider | None) -> Answer:
    try:
        answer = decider.ask(review) if decider is not None else None
    except NotLoaded:  # the face found out, in the middle of asking, that nobody is there any more
        write_down("decision-needed", review, None)
        raise
    if answer is None:
        write_down("decision-needed", review, None)
        raise DecisionNeeded(
            f"{_what(review)} was not loaded: {_because(review)} Nobody could be asked.",
            next=how_to_approve(review),
        )
    return answer


def _blocked(review: Review, decider: Decider | None, *, done: str = "loaded") -> Blocked:
    write_down("blocked", review, None)  # first: whoever sees it may want its tensors, and does not come back
    if decider is not None:
        decider.show(review)
    return Blocked(f"{_what(review)} was not {done}: {_because(review)}", next=_way_out(review))


def _way_out(review: Review) -> str:
    if review.policy.unsafe_override:
        return f"The policy lets you override this: {approve_command(review)} --unsafe-override"
    return f"The policy {review.policy.name!r} blocks it."


def refuse_block(review: Review, *, unsafe_override: bool) -> None:
    if review.verdict.action is Action.BLOCK and not (unsafe_override and review.policy.unsafe_override):
        raise _blocked(review, None, done="approved")


def _because(review: Review) -> str:
    action = review.verdict.action
    texts = [reason.text for reason in review.verdict.reasons if reason.action is action]
    return " ".join(texts[:1]) or "nothing allows it."


def _what(review: Review) -> str:
    return str(review.snapshot.origin)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def write_down(event: str, review: Review | None, decision: Decision | None, **fields: Any) -> None:
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
