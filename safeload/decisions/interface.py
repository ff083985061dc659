"""The nouns of the decision: who said yes or no, about exactly what."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload.lean import Choice, record, sha256
from safeload.policy.interface import Action, Policy, Review, Verdict
from safeload.sources.interface import Digest


class DeciderKind(str, Choice):
    POLICY = "policy"
    PERSON = "person"
    COMMAND = "command"


@record(frozen=True, slots=True, kw_only=True)
class Decision:
    """Yes (ALLOW) or no (BLOCK) about one snapshot digest. `at`, `expires`: ISO 8601 UTC, None for no end.

    `basis` is `basis_of(policy, verdict)`: a changed clause or reason is another question.
    """

    subject: Digest
    basis: Digest
    action: Action
    decider: DeciderKind
    who: str
    note: str
    at: str
    expires: str | None = None

    def __post_init__(self) -> None:
        if self.action is Action.ASK:
            raise ValueError("a decision is yes or no")


@record(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody said. `remember`: use it again for the same subject and basis."""

    action: Action
    who: str
    note: str = ""
    remember: bool = True


class Decider(ABC):
    """A face that can ask a person. Injected; nothing below `report` asks."""

    @abstractmethod
    def ask(self, review: Review) -> Answer | None:
        """The person's answer, or None when nobody could be asked. Never an approval by timeout or by silence."""

    def show(self, review: Review) -> None:
        """Show a review that is not a question (allowed, blocked). Does nothing by default."""
        return


def basis_of(policy: Policy, verdict: Verdict) -> Digest:
    """The digest of the policy's clauses and of the reasons shown."""
    sha = sha256(str(policy.digest).encode())
    for reason in sorted(verdict.reasons, key=lambda r: (r.clause, r.because)):
        for part in (reason.clause, reason.action.value, reason.because):
            raw = part.encode("utf-8", "surrogateescape")
            sha.update(len(raw).to_bytes(8, "big") + raw)
    return Digest(algorithm="sha256", hex=sha.hexdigest())
