"""What to do next, after what was found."""

from __future__ import annotations

from safeload.decisions.command import IN_MEMORY, approve_command, how_to_approve
from safeload.lean import record
from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Review
from safeload.report.words import ASIDE, ended, gaps, plain, strictest_findings


@record(frozen=True, slots=True, kw_only=True)
class Step:
    """A sentence, and a command to paste ("" where there is none)."""

    text: str
    command: str = ""


def next_step(review: Review) -> Step | None:
    """None when there is nothing to decide."""
    action = review.verdict.action
    if action is Action.ALLOW:
        return None
    if action is Action.ASK:
        return _approval(review)
    fixes = [f.rule.fix for f in strictest_findings(review.assessment.report.findings) if f.rule.fix]
    said = " ".join(["Do not load it.", *(ended(plain(fix)) for fix in fixes[:1])])
    said = said.removeprefix("Do not load it. ") if said.count("Do not load it.") > 1 else said
    if review.policy.unsafe_override:
        command = f"{approve_command(review)} --unsafe-override"
        return Step(text=f"{said} Your policy lets you override this, with a reason that is logged:", command=command)
    return Step(text=f"{said} The policy {plain(review.policy.name)!r} allows no override.")


# What nobody can approve, since there are no bytes to approve.
_INCOMPLETE = {
    GapReason.MISSING: "It is incomplete, so it cannot be approved: ask its publisher, or look for another copy.",
    GapReason.UNREACHABLE: "It could not be read to its end, so it cannot be approved: try again.",
}


def _approval(review: Review) -> Step:
    role = review.assessment.report.role
    for gap in gaps(review):
        if gap.reason in _INCOMPLETE and role(gap.location.artifact) not in ASIDE:
            return Step(text=_INCOMPLETE[gap.reason])
    command = approve_command(review)
    if review.snapshot.origin.name == IN_MEMORY:
        return Step(text=how_to_approve(review))
    if not command or plain(command) != command:
        return Step(text="Its path holds hidden characters, so that no command can name it: rename it, and look again.")
    return Step(text="If you have checked it and want it loaded, approve exactly these bytes:", command=command)
