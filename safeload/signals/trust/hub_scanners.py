"""What the hub's own scanners say of the files that the load opens."""

from __future__ import annotations

from safeload.lean import Final
from safeload.signals.answers import but_elsewhere, is_local, items, named, opened, table, text, why, word
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject

_FINE: Final = frozenset({"clean", "safe", "ok"})
_WAITING: Final = frozenset({"unscanned", "queued", "pending", "scanning", "in progress", "in-progress"})
_FOUND: Final = frozenset({"issues", "unsafe", "suspicious", "caution", "infected"})


class HubScanners(Probe):
    """Not scanned yet is unknown, not unsafe. A level that nobody here has heard of is not fine."""

    id = "trust-hub-scanners"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(Outcome.UNKNOWN, "These are local files; no hub has scanned them.")
        at = subject.now
        said = table(subject.about.facts, "security")
        status = (text(said, "status") or "").casefold() if said is not None else ""
        if said is None or not status:
            reason = why(subject, "security")
            return self.signal(Outcome.UNKNOWN, "The hub did not say whether its scanners found anything.", reason)
        levels = {
            path: (text(item, "level") or "unknown").casefold()
            for item in items(said, "files") or ()
            if (path := text(item, "path")) is not None
        }
        touched = {a.path for a in opened(subject) if a.origin is None}
        flagged = sorted(p for p in touched & levels.keys() if levels[p] not in _FINE | _WAITING)
        if flagged:
            evidence = [f"{path}: {levels[path]}" for path in flagged]
            text_of_it = f"The hub's scanners warn of {named(flagged)} ({word(levels[flagged[0]])})."
            return self.signal(Outcome.WEIGHS_AGAINST, text_of_it, *evidence[:10], at=at)
        if status in _WAITING or any(levels[p] in _WAITING for p in touched & levels.keys()):
            return self.signal(Outcome.UNKNOWN, "The hub has not finished scanning these files.", status, at=at)
        others = [path for path, level in levels.items() if level not in _FINE | _WAITING]
        if others:
            sentence = f"The hub's scanners warn only of what this load does not open: {named(sorted(others))}."
            return self.signal(Outcome.NEUTRAL, sentence, status, at=at)
        if status in _FINE:
            beyond = but_elsewhere(subject)
            outcome = Outcome.NEUTRAL if beyond else Outcome.SUPPORTS
            return self.signal(outcome, f"The hub's scanners found nothing in these files{beyond}.", status, at=at)
        if status in _FOUND:
            sentence = "The hub's scanners warn of this repository, and do not say of which file."
            return self.signal(Outcome.WEIGHS_AGAINST, sentence, status, at=at)
        sentence = f"The hub's scanners say {word(status)!r}, which safeload does not know."
        return self.signal(Outcome.UNKNOWN, sentence, at=at)
