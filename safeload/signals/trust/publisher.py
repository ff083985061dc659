"""Who publishes the repository."""

from __future__ import annotations

from safeload.signals.answers import but_elsewhere, count, flag, is_local, number, table, text, why, word
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject


class Publisher(Probe):
    """An organisation that the hub has verified supports; all else is neutral or unknown.

    Another name than the one that was asked for weighs against: a name that was given up can be taken by anybody.
    """

    id = "trust-publisher"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(Outcome.UNKNOWN, "These are local files; who made them is not known.")
        facts, at = subject.about.facts, subject.now
        owner, slash, _ = subject.report.snapshot.origin.name.partition("/")
        author = text(facts, "author")
        if slash and author and author.casefold() != owner.casefold():
            return self.signal(
                Outcome.WEIGHS_AGAINST,
                f"{word(owner)} was asked for, but the hub says that {word(author)} publishes this.",
                at=at,
            )
        said = table(facts, "organisation")
        name = text(said, "name") if said is not None else None
        if said is None or name is None:
            return self.signal(
                Outcome.UNKNOWN, "The hub did not say who the publisher is.", why(subject, "organisation")
            )
        members, followers = number(said, "members"), number(said, "followers")
        evidence = "" if followers is None else count(followers, "follower")
        if flag(said, "person"):
            text_of_it = f"{word(name)} is one person's account; the hub verifies organisations only."
            return self.signal(Outcome.NEUTRAL, text_of_it, evidence, at=at)
        size = "" if members is None else f" with {count(members, 'member')}"
        verified = flag(said, "verified")
        if verified is None:
            return self.signal(
                Outcome.UNKNOWN, f"The hub did not say whether {word(name)} is verified.", evidence, at=at
            )
        if not verified:
            unverified = f"{word(name)} is an organisation{size} that the hub has not verified."
            return self.signal(Outcome.NEUTRAL, unverified, evidence, at=at)
        others = but_elsewhere(subject)
        return self.signal(
            Outcome.NEUTRAL if others else Outcome.SUPPORTS,
            f"{word(name)} is a verified organisation{size}{others}.",
            evidence,
            at=at,
        )
