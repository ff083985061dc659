"""A report becomes an assessment: every probe is asked, and one that fails is UNKNOWN, never silence."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final
from safeload.signals.interface import Assessment, Outcome, Probe, Signal, Subject
from safeload.signals.quality.card import Card
from safeload.signals.quality.completeness import Completeness
from safeload.signals.quality.evaluations import Evaluations
from safeload.signals.quality.licence import Licence
from safeload.signals.quality.size import Size
from safeload.signals.trust.access import Access
from safeload.signals.trust.base_template import BaseTemplate
from safeload.signals.trust.history import History
from safeload.signals.trust.hub_scanners import HubScanners
from safeload.signals.trust.publisher import Publisher
from safeload.signals.trust.revision import Revision

if TYPE_CHECKING:
    from safeload.scanners.interface import Report
    from safeload.sources.interface import About, Listing

__all__ = ["PROBES", "assess"]

PROBES: Final[tuple[type[Probe], ...]] = (
    Publisher,
    History,
    HubScanners,
    Revision,
    Access,
    BaseTemplate,
    Completeness,
    Size,
    Card,
    Licence,
    Evaluations,
)


def assess(report: Report, listing: Listing, about: About, *, now: str) -> Assessment:
    """The report with one signal of every probe. `now` is ISO 8601 UTC. Never raises, and never changes the report."""
    subject = Subject(report=report, listing=listing, about=about, now=now)
    return Assessment(report=report, signals=tuple(_ask(probe(), subject) for probe in PROBES))


def _ask(probe: Probe, subject: Subject) -> Signal:
    try:
        return probe.observe(subject)
    except Exception as error:  # noqa: BLE001  what a source said can break a probe in any way; not knowing is a value
        kind = type(error).__name__
        return probe.signal(Outcome.UNKNOWN, "This could not be worked out from what the source said.", kind)
