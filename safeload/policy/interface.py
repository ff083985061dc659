"""The nouns of judgement."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Choice, Mapping, field, record, sha256
from safeload.parsers.facts import GapReason
from safeload.scanners.interface import Severity
from safeload.sources.interface import Call, Digest, Snapshot

if TYPE_CHECKING:
    from safeload.signals.interface import Assessment, Outcome


class Action(str, Choice):
    """From the mildest to the strictest."""

    ALLOW = "allow"
    ASK = "ask"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        return (Action.ALLOW, Action.ASK, Action.BLOCK).index(self)


@record(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: the policy's clause, what it asks for, one sentence, and the rule, gap or signal it rests on.

    `because` is stable text that names rule id and revision, location and evidence: it is part of a decision's basis.
    """

    clause: str
    action: Action
    text: str
    because: str


@record(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Reasons; the strictest decides. Without any reason: block, since empty means no."""

    reasons: tuple[Reason, ...]

    @property
    def action(self) -> Action:
        actions = [reason.action for reason in self.reasons]
        return max(actions, key=lambda a: a.strictness) if actions else Action.BLOCK


@record(frozen=True, slots=True, kw_only=True)
class Policy:
    """What blocks, asks, allows. Every severity and every gap reason has an action: there is no silent default.

    `rules` overrides the severity's action for one rule id; `signals` maps a signal id to actions by outcome.
    `nothing_to_load` is for a repository in which the load finds no weights.
    `unsafe_override` tells whether a person may approve what is blocked, with a reason.
    `sealed`: what is loaded are sealed copies, not the files that were looked at (see docs/guard.md).
    `given` is what `--policy` takes to mean this one, "" for what applies when nothing is given.
    `also` holds policies that are asked beside this one; the strictest answer counts (see `policy.named.tighten`).
    """

    name: str
    findings: Mapping[Severity, Action]
    gaps: Mapping[GapReason, Action]
    nothing_to_load: Action
    rules: Mapping[str, Action] = field(default_factory=dict)
    signals: Mapping[str, Mapping[Outcome, Action]] = field(default_factory=dict)
    unsafe_override: bool = False
    sealed: bool = False
    given: str = field(default="", compare=False)
    also: tuple[Policy, ...] = ()

    def __post_init__(self) -> None:
        if set(self.findings) != set(Severity) or set(self.gaps) != set(GapReason):
            raise ValueError("a policy has an action for every severity and every gap reason")

    @property
    def every(self) -> tuple[Policy, ...]:
        """This policy, and all that are asked beside it."""
        return (self, *(policy for other in self.also for policy in other.every))

    @property
    def seals(self) -> bool:
        """Does this policy, or one that is asked beside it, want sealed copies?"""
        return any(policy.sealed for policy in self.every)

    @property
    def digest(self) -> Digest:
        """Over the clauses, not the name: two policies that say the same are the same."""
        said: dict[str, object] = {
            "findings": {k.value: v.value for k, v in self.findings.items()},
            "gaps": {k.value: v.value for k, v in self.gaps.items()},
            "nothing_to_load": self.nothing_to_load.value,
            "rules": {k: v.value for k, v in self.rules.items()},
            "signals": {k: {o.value: a.value for o, a in m.items()} for k, m in self.signals.items()},
            "unsafe_override": self.unsafe_override,
        }
        if self.sealed:
            said["sealed"] = True
        if self.also:
            said["also"] = sorted({str(policy.digest) for policy in self.also})
        import json

        text = json.dumps(said, sort_keys=True)
        return Digest(algorithm="sha256", hex=sha256(text.encode()).hexdigest())


@record(frozen=True, slots=True, kw_only=True)
class Review:
    """What every face shows. `views` holds the explainer's text by artifact path.

    `call` is the load that was asked about: faces need it to name the exact command that approves it.
    """

    call: Call
    snapshot: Snapshot
    assessment: Assessment
    verdict: Verdict
    policy: Policy
    views: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """What the user typed."""
        return self.call.target
