"""Who can see the repository."""

from __future__ import annotations

from safeload.signals.answers import flag, is_local, why
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject


class Access(Probe):
    """Gated or private never supports: the publisher sets both, and neither says anything of the bytes."""

    id = "trust-access"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(Outcome.NEUTRAL, "Local files: whoever can write this folder can change them.")
        facts, at = subject.about.facts, subject.now
        gated, private = facts.get("gated"), flag(facts, "private")
        if flag(facts, "disabled"):
            return self.signal(Outcome.WEIGHS_AGAINST, "The hub has disabled this repository.", at=at)
        if private:
            return self.signal(Outcome.NEUTRAL, "It is private: only people who were let in have seen it.", at=at)
        if gated in ("auto", "manual") or gated is True:
            how = {"auto": "given to everybody who agrees", "manual": "given by hand"}.get(str(gated), "asked for")
            return self.signal(Outcome.NEUTRAL, f"It is gated: access is {how}.", at=at)
        if private is None or gated is not False:
            reason = why(subject, "private", "gated")
            return self.signal(Outcome.UNKNOWN, "The hub did not say who can see the repository.", reason)
        return self.signal(Outcome.NEUTRAL, "It is public: anybody can look at it.", at=at)
