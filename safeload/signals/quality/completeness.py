"""Whether all files are there that the load needs."""

from __future__ import annotations

from safeload.parsers.facts import GapReason
from safeload.scanners.interface import Unscanned
from safeload.signals.answers import count, named, opened
from safeload.signals.interface import Dimension, Outcome, Probe, Signal, Subject
from safeload.signals.quality.index import indexes, shards
from safeload.sources.interface import Role


class Completeness(Probe):
    """Compares what the load and its index name with what is there."""

    id = "quality-completeness"
    dimension = Dimension.QUALITY

    def observe(self, subject: Subject) -> Signal:
        artifacts = {a.path: a for a in opened(subject)}
        found = indexes(subject)
        wanted = {name for path, index in found.items() if index for name in shards(path, index)}
        missing = sorted(_gaps(subject) & artifacts.keys() | (wanted - subject.listing.paths))
        if missing:
            are = "is" if len(missing) == 1 else "are"
            sentence = f"{count(len(missing), 'file')} that the load needs {are} not there: {named(missing)}."
            return self.signal(Outcome.WEIGHS_AGAINST, sentence, *missing[:10])
        if any(index is None for index in found.values()):
            return self.signal(Outcome.UNKNOWN, "The index of the weights cannot be read, so nothing can be compared.")
        weights = [a for a in artifacts.values() if a.role in (Role.WEIGHTS, Role.TARGET) and a.path not in found]
        if not weights:
            return self.signal(Outcome.UNKNOWN, "This load opens no weights that could be missing.")
        if wanted:
            sentence = f"All that the index names is there: {count(len(wanted), 'file')}."
            return self.signal(Outcome.SUPPORTS, sentence, *found)
        sentence = "The weights are one file, and it is there."
        if len(weights) > 1:
            sentence = f"The weights are {len(weights)} files, and all are there."
        return self.signal(Outcome.SUPPORTS, sentence, *sorted(a.path for a in weights)[:10])


def _gaps(subject: Subject) -> set[str]:
    return {
        result.location.artifact
        for result in subject.report.results
        if isinstance(result, Unscanned) and result.reason is GapReason.MISSING
    }
