"""Whether the name that was asked for can mean other bytes tomorrow."""

from __future__ import annotations

import re

from safeload.lean import Final
from safeload.signals.answers import is_local, named, opened, word
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject
from safeload.sources.interface import Origin, OriginKind

_COMMIT: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHORT: Final = 7  # characters of a commit, as the hub's pages show it


class Revision(Probe):
    """A full commit supports; a branch or a tag is neutral, since this review is about one commit either way."""

    id = "trust-revision"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(
                Outcome.NEUTRAL, "Local files have no revision; a decision holds for exactly these bytes."
            )
        origin = subject.report.snapshot.origin
        loose = {a.origin.name for a in opened(subject) if a.origin is not None and _loose(a.origin)}
        if loose or _loose(origin):
            names = sorted(loose) or [origin.name]
            return self.signal(Outcome.WEIGHS_AGAINST, f"It is not known which commit of {named(names)} this is.")
        commit = str(origin.revision)
        if "requested_revision" not in subject.about.facts:
            return self.signal(
                Outcome.UNKNOWN, f"It is commit {commit[:_SHORT]}; how it was asked for is not known.", commit
            )
        asked = subject.about.facts["requested_revision"]
        if asked is not None and not isinstance(asked, str):
            return self.signal(Outcome.UNKNOWN, "It is not known which revision was asked for.", commit)
        if asked and _COMMIT.fullmatch(asked):
            if asked == commit:
                return self.signal(Outcome.SUPPORTS, f"It is pinned to commit {commit[:_SHORT]}.", commit)
            sentence = f"Commit {asked[:_SHORT]} was asked for, and the hub gave {commit[:_SHORT]}."
            return self.signal(Outcome.WEIGHS_AGAINST, sentence, asked, commit)
        moving = f"The name {word(asked)!r}" if asked else "The repository's default branch"
        return self.signal(Outcome.NEUTRAL, f"{moving} can move; this is commit {commit[:_SHORT]}.", commit)


def _loose(origin: Origin) -> bool:
    return origin.kind is OriginKind.HUB and not _COMMIT.fullmatch(origin.revision or "")
