"""A decision that was just made: what exactly it is about."""

from __future__ import annotations

from safeload.decisions.interface import DeciderKind, Decision
from safeload.lean import TYPE_CHECKING, Any
from safeload.policy.interface import Action, Review
from safeload.report import json, words
from safeload.report.style import Style, encodable

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact

SCHEMA = "safeload.decision/1"
DECIDERS = {
    DeciderKind.POLICY: "the policy",
    DeciderKind.PERSON: "a person at a terminal",
    DeciderKind.COMMAND: "a command without a terminal",
}


def as_text(review: Review, decision: Decision, *, style: Style) -> str:
    """Every file with its whole digest, and every reason: what somebody has put their name to."""
    said = "Approved" if decision.action is Action.ALLOW else "Denied"
    lines = [f"{said}: {words.plain(str(review.snapshot.origin))}", ""]
    lines += [f"  {line}" for artifact in _decided(review) for line in _file(artifact)]
    lines += ["", f"  as one: {decision.subject}", f"  policy: {words.plain(review.policy.name)}"]
    lines += [f"  {r.action.value}: {words.ended(words.plain(r.text))}" for r in review.verdict.reasons]
    lines += [f"  reason given: {words.plain(decision.note)}"]
    lines += [f"  by {words.plain(decision.who)}, {DECIDERS[decision.decider]}, at {words.plain(decision.at)}", ""]
    lines += [
        "Only these bytes, under these reasons and this policy. Anything else is asked about again."
        if decision.action is Action.ALLOW
        else "These bytes will not be loaded, and nobody will be asked about them again."
    ]
    return encodable("\n".join(lines) + "\n", style.encoding)


def as_json(review: Review, decision: Decision) -> str:
    """One object on one line."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "target": review.target,
        "origin": review.snapshot.origin.name,
        "revision": review.snapshot.origin.revision,
        "digest": str(decision.subject),
        "files": [{"path": a.path, "size": a.size, "digest": str(a.digest)} for a in _decided(review)],
        "action": decision.action.value,
        "decider": decision.decider.value,
        "who": decision.who,
        "note": decision.note,
        "at": decision.at,
        "policy": review.policy.name,
        "reasons": [json.reason_object(reason) for reason in review.verdict.reasons],
    }
    return json.line(value)


def _decided(review: Review) -> list[Artifact]:
    """The files that the digest covers."""
    return [a for a in review.snapshot.artifacts if a.role not in words.ASIDE]


def _file(artifact: Artifact) -> tuple[str, str]:
    size = f"  {words.size(artifact.size)}" if artifact.size is not None else ""
    return f"{words.plain(artifact.path)}{size}", f"  {artifact.digest}"
