"""Under which licence the model may be used."""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.signals.answers import is_local, named, table, text, why, word
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject

# SPDX ids as hubs write them: use, change and share for any purpose, naming the author at most.
_FREE: Final = frozenset(
    {
        "apache-2.0", "mit", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear",
        "isc", "zlib", "unlicense", "wtfpl", "cc0-1.0", "pddl",
        "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "odc-by", "cdla-permissive-1.0",
        "cdla-permissive-2.0", "ecl-2.0", "artistic-2.0", "bsl-1.0", "ncsa", "postgresql",
    }
)  # fmt: skip
_FILES: Final = frozenset({"license", "licence", "license.txt", "licence.txt", "license.md", "licence.md", "copying"})


class Licence(Probe):
    """What the card claims. Whether the publisher may give that licence is not known here."""

    id = "quality-licence"
    dimension = Dimension.QUALITY

    def observe(self, subject: Subject) -> Signal:
        card = table(subject.about.facts, "card")
        files = sorted(path for path in subject.listing.paths if path.casefold() in _FILES)
        stated = _stated(card.get("license")) if card is not None else ()
        at = "" if is_local(subject) else subject.now
        if stated:
            return self._judged(subject, stated, files, at)
        if files:
            return self.signal(Outcome.NEUTRAL, f"There is a licence file, {named(files)}; read it before use.", at=at)
        if card is None:
            reason = why(subject, "card")
            where = "These local files do not say" if is_local(subject) else "The hub did not say"
            return self.signal(Outcome.UNKNOWN, f"{where} what the licence is.", reason)
        sentence = "No licence is stated, so nobody is allowed to use or share it."
        return self.signal(Outcome.WEIGHS_AGAINST, sentence, at=at)

    def _judged(self, subject: Subject, stated: tuple[str, ...], files: list[str], at: str) -> Signal:
        card = subject.about.facts["card"]
        names = named(stated)
        evidence = [f"file: {path}" for path in files]
        if all(name.casefold() in _FREE for name in stated):
            return self.signal(Outcome.SUPPORTS, f"The card states the licence {names}.", *evidence, at=at)
        if any("-nc" in name.casefold() for name in stated):
            sentence = f"The card states the licence {names}, which forbids commercial use."
        elif stated == ("other",):
            own = text(card, "license_name")
            sentence = f"It has a licence of its own{f', {word(own)!r}' if own else ''}; read it before use."
            evidence.append(text(card, "license_link") or "")
        else:
            sentence = f"The card states the licence {names}, which has conditions; read it before use."
        return self.signal(Outcome.NEUTRAL, sentence, *evidence, at=at)


def _stated(said: Any) -> tuple[str, ...]:
    """One licence or several; "unknown" is none."""
    several = said if isinstance(said, (list, tuple)) else (said,)
    return tuple(s.strip() for s in several[:10] if isinstance(s, str) and s.strip().casefold() not in ("", "unknown"))
