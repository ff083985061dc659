"""Whether somebody measured the model, and who says so."""

from __future__ import annotations

from safeload.lean import Any, Mapping
from safeload.signals.answers import count, is_local, items, table, text, why
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject


class Evaluations(Probe):
    """Claimed results weigh against the model until somebody else vouches for them.

    Of 500 models that were measured again, about 88 % had overstated (arXiv 2503.15222). Only what the hub itself adds
    counts as verified; the publisher can write `verified: true` and a token into a card, and neither is checked here.
    """

    id = "quality-evaluations"
    dimension = Dimension.QUALITY

    def observe(self, subject: Subject) -> Signal:
        if is_local(subject):
            return self.signal(Outcome.UNKNOWN, "These are local files; no hub was asked how good the model is.")
        facts, at = subject.about.facts, subject.now
        listed = items(facts, "eval_results")
        in_card = _in_card(facts.get("model_index"))
        if listed is None and in_card is None:
            reason = why(subject, "eval_results", "model_index")
            return self.signal(Outcome.UNKNOWN, "The hub did not say whether the model was evaluated.", reason)
        good = [entry for entry in listed or () if "error" not in entry]
        total = len(good) + (in_card or 0)
        if not total:
            return self.signal(Outcome.NEUTRAL, "No evaluation results are stated.", at=at)
        results = count(total, "evaluation result")
        verified = sum(table(entry, "data") is not None and entry.get("verified") is True for entry in good)
        if verified:
            sentence = f"The hub has verified {verified} of {results}."
            return self.signal(Outcome.SUPPORTS, sentence, at=at)
        tokens = sum(text(table(entry, "data") or entry, "verifyToken") is not None for entry in good)
        if tokens:
            carry = "carries" if tokens == 1 else "carry"
            sentence = f"{results} claimed; {tokens} {carry} a token of verification, which is not checked here."
            return self.signal(Outcome.NEUTRAL, sentence, at=at)
        return self.signal(Outcome.WEIGHS_AGAINST, f"{results} claimed by the publisher; nothing verifies them.", at=at)


def _in_card(said: Any) -> int | None:
    """The number of metrics in a card's `model-index`; None where that was not answered."""
    models = said if isinstance(said, (list, tuple)) else [said] if isinstance(said, Mapping) else None
    if models is None:
        return None
    results = [r for model in models if isinstance(model, Mapping) for r in items(model, "results") or ()]
    return sum(len(items(result, "metrics") or ()) for result in results)
