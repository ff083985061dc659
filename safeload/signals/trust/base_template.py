"""Whether the chat template is the one of the model that this one names as its base."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Mapping
from safeload.scanners import template_diff
from safeload.scanners.interface import Location
from safeload.signals.answers import is_local, items, named, text, why, word
from safeload.signals.interface import Dimension, Outcome, Probe, Signal

if TYPE_CHECKING:
    from safeload.scanners.template_diff import Held
    from safeload.signals.interface import Subject


class BaseTemplate(Probe):
    """A difference is shown; being equal supports nothing, since who wrote the base's template is another question."""

    id = "trust-base-template"
    dimension = Dimension.TRUST

    def observe(self, subject: Subject) -> Signal:
        own = [one for one in subject.report.templates if one.artifact.origin is None]
        if not own and not is_local(subject):
            return self.signal(Outcome.NEUTRAL, "The load reads no chat template.")
        bases = items(subject.about.facts, "base_templates")
        if is_local(subject) or bases is None:
            return self.signal(Outcome.UNKNOWN, "Nobody was asked for a base model's template.", why(subject, "hub"))
        if not bases:
            return self.signal(Outcome.NEUTRAL, "No base model is named whose template could be looked at.")
        read = {text(one, "repo") or "": one["templates"] for one in bases if isinstance(one.get("templates"), Mapping)}
        if not read:
            said = [f"{text(one, 'repo')}: {text(one, 'why') or ''}" for one in bases]
            sentence = f"The chat template of the base model {named([text(one, 'repo') or '' for one in bases])} "
            return self.signal(Outcome.UNKNOWN, f"{sentence}could not be looked at.", *said, at=subject.now)
        return self._compared(own, read, subject.now)

    def _compared(self, own: list[Held], read: Mapping[str, Mapping[str, str]], now: str) -> Signal:
        compared = 0
        for one in own:
            place = Location(artifact=one.artifact.path, member=one.member)
            bases = {repo: held[one.name] for repo, held in read.items() if isinstance(held.get(one.name), str)}
            found = {repo: template_diff.compare(one.source, base, place) for repo, base in bases.items()}
            compared += len(found)
            if found and all(found.values()):
                repo, first = next(iter(found.items()))
                sentence = (
                    f"The chat template in {word(one.artifact.path)} is not the one of its base model {word(repo)}."
                )
                evidence = first.evidence if first is not None else ()
                return self.signal(Outcome.WEIGHS_AGAINST, sentence, *evidence, at=now)
        if not compared:
            return self.signal(
                Outcome.NEUTRAL, f"The base model {named(list(read))} has no such chat template.", at=now
            )
        return self.signal(Outcome.NEUTRAL, f"The chat template is the one of {named(list(read))}.", at=now)
