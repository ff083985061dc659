"""The nouns of the third stage: what else is known about a model."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload import limits
from safeload.lean import TYPE_CHECKING, Choice, ClassVar, record
from safeload.scanners.escape import plain

if TYPE_CHECKING:
    from safeload.scanners.interface import Report
    from safeload.sources.interface import About, Listing


class Dimension(str, Choice):
    TRUST = "trust"
    QUALITY = "quality"


class Outcome(str, Choice):
    SUPPORTS = "supports"
    NEUTRAL = "neutral"
    WEIGHS_AGAINST = "weighs-against"
    UNKNOWN = "unknown"


@record(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing known. `summary` is one plain sentence; `observed_at` is ISO 8601 UTC, "" for what headers say."""

    id: str
    dimension: Dimension
    outcome: Outcome
    summary: str
    evidence: tuple[str, ...] = ()
    observed_at: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A report and the signals beside it. Signals are computed after the report is frozen, and never change it."""

    report: Report
    signals: tuple[Signal, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that a probe may look at."""

    report: Report
    listing: Listing
    about: About
    now: str  # ISO 8601 UTC: injected, so that probes are deterministic


class Probe(ABC):
    """One question about a model. Raising is allowed: `assess` makes it UNKNOWN."""

    id: ClassVar[str]
    dimension: ClassVar[Dimension]

    @abstractmethod
    def observe(self, subject: Subject) -> Signal: ...

    def signal(self, outcome: Outcome, summary: str, *evidence: str, at: str = "") -> Signal:
        """This probe's answer; what a source wrote may stand in it, and comes out as plain text."""
        return Signal(
            id=self.id,
            dimension=self.dimension,
            outcome=outcome,
            summary=plain(summary, 2 * limits.EVIDENCE),
            evidence=tuple(plain(piece, limits.EVIDENCE) for piece in evidence if piece),
            observed_at=at,
        )
