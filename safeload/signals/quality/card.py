"""Whether there is a model card, and what it speaks of."""

from __future__ import annotations

import re

from safeload import limits
from safeload.lean import Any, Final, Mapping
from safeload.signals.answers import count, is_local, table, why
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject

_HEADING: Final = re.compile(r"^ {0,3}#{1,6}[ \t]+([^\n]{1,200})", re.MULTILINE)
_ENOUGH: Final = 4  # topics, of the six

# What people look for: the field of the front matter that says it, and words of a heading above it.
_TOPICS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("language", ("language",), r"\blanguages?\b"),
    ("training data", ("datasets",), r"\btrain|\bdata"),
    ("intended use", (), r"\bintended|\buses\b|\buse cases?\b|\bdirect use\b|\bpurpose"),
    ("how to use it", (), r"\bhow to\b|\busage\b|\bgetting started\b|\bquick ?start|\bget started\b|\bexamples?\b"),
    ("limitations", (), r"\blimit|\bbias|\brisk|\bout.of.scope\b|\bcaveat|\bethic"),
    ("evaluation", ("model-index", "metrics"), r"\bevaluat|\bresults?\b|\bperformance\b|\bbenchmark"),
)


class Card(Probe):
    """Counts what the card speaks of. The publisher wrote it: nobody checked what it says."""

    id = "quality-card"
    dimension = Dimension.QUALITY

    def observe(self, subject: Subject) -> Signal:
        at = "" if is_local(subject) else subject.now
        facts = _from_folder(subject) if is_local(subject) else subject.about.facts
        fields, text = table(facts, "card"), facts.get("card_text")
        if fields is None and not isinstance(text, str):
            return self.signal(
                Outcome.UNKNOWN, "The hub did not say whether there is a model card.", why(subject, "card")
            )
        fields, text = fields or {}, text if isinstance(text, str) else ""
        if not fields and not text.strip():
            return self.signal(Outcome.WEIGHS_AGAINST, "There is no model card.", at=at)
        spoken = [topic for topic, keys, words in _TOPICS if _speaks(fields, text, keys, words)]
        missing = [topic for topic, _, _ in _TOPICS if topic not in spoken]
        if not spoken:
            sentence = "There is a model card, and it says nothing that people look for."
            return self.signal(Outcome.WEIGHS_AGAINST, sentence, at=at)
        silent = f"; nothing on {', '.join(missing)}" if missing else ""
        return self.signal(
            Outcome.SUPPORTS if len(spoken) >= _ENOUGH else Outcome.NEUTRAL,
            f"The model card speaks of {len(spoken)} of {count(len(_TOPICS), 'thing')} that people look for{silent}.",
            f"speaks of {', '.join(spoken)}",
            at=at,
        )


def _from_folder(subject: Subject) -> Mapping[str, Any]:
    """A folder's own README; a single file has none, and that is no fault of it."""
    listing = subject.listing
    if "README.md" in listing.paths:
        raw = listing.read("README.md") or b""
        return {"card_text": raw.decode("utf-8", "replace")[: limits.CARD_TEXT]}
    return {"card_text": ""} if len(listing.artifacts) > 1 else {}


def _speaks(fields: Mapping[str, Any], text: str, keys: tuple[str, ...], words: str) -> bool:
    if any(fields.get(key) for key in keys):
        return True
    headings = _HEADING.findall(text[: limits.CARD_TEXT])
    return any(re.search(words, heading, re.IGNORECASE) for heading in headings)
