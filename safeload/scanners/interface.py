"""The nouns of the second stage: what was found, and what could not be read."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload.lean import TYPE_CHECKING, Choice, ClassVar, record
from safeload.sources.interface import Artifact, Role, Snapshot

if TYPE_CHECKING:
    from safeload.parsers.facts import GapReason, Part, Stream
    from safeload.scanners.template_diff import Held


class Severity(str, Choice):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(str, Choice):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class How(str, Choice):
    """Over what a report was made. Only a report over local bytes can become a grant."""

    RANGES = "ranges"
    LOCAL = "local"


@record(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing to look for. `id` is in words; `revision` goes up when what it means changes."""

    id: str
    title: str
    severity: Severity
    why: str
    fix: str
    cwe: int | None = None
    revision: int = 1


@record(frozen=True, slots=True, kw_only=True)
class Location:
    """Artifact path, names through nested containers, byte offset within the innermost (None: the whole)."""

    artifact: str
    member: tuple[str, ...] = ()
    offset: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that applies somewhere. `message` is one plain sentence; `evidence` short escaped strings."""

    rule: Rule
    confidence: Confidence
    location: Location
    message: str
    evidence: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Scanned:
    """Read whole. `streams` are the pickles in it, by digest: what a grant may later admit."""

    location: Location
    format: str
    scanner: str
    findings: tuple[Finding, ...] = ()
    streams: tuple[Stream, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Unscanned:
    """Not read, or not whole. `findings` and `streams` hold what was seen before reading failed."""

    location: Location
    reason: GapReason
    detail: str
    format: str = "unknown"
    findings: tuple[Finding, ...] = ()
    streams: tuple[Stream, ...] = ()


Result = Scanned | Unscanned


@record(frozen=True, slots=True, kw_only=True)
class Engine:
    """What made a report. `missing_extras` are packages that it could have read more with: they are not installed."""

    version: str
    python: str
    missing_extras: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Tensors:
    """What headers say of the tensors in one artifact: numbers for the quality probes, never a finding."""

    artifact: str
    tensors: int
    parameters: dict[str, int]


@record(frozen=True, slots=True, kw_only=True)
class Report:
    """All results over one snapshot. Every artifact has at least one result, or the report is not made.

    `templates` are the chat templates in it, as they stand, to be held against others.
    """

    snapshot: Snapshot
    results: tuple[Result, ...]
    engine: Engine
    how: How
    tensors: tuple[Tensors, ...] = ()
    templates: tuple[Held, ...] = ()

    def __post_init__(self) -> None:
        seen = {result.location.artifact for result in self.results}
        missing = [a.path for a in self.snapshot.artifacts if a.path not in seen]
        if missing:
            raise ValueError(f"a report without a result for {missing[0]!r}")

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for result in self.results for f in result.findings)

    def role(self, path: str) -> Role:
        return next((a.role for a in self.snapshot.artifacts if a.path == path), Role.TARGET)


class Scanner(ABC):
    """Judges the facts of one format. Holds no byte arithmetic; a file of its own, one line in `SCANNERS`."""

    name: ClassVar[str]
    formats: ClassVar[frozenset[str]]
    rules: ClassVar[tuple[Rule, ...]]

    def sees(self, part: Part) -> bool:
        """Has it something to judge here? By facts where there are any, since a format's name alone proves nothing."""
        return part.format in self.formats

    @abstractmethod
    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        """Findings for one part that was parsed. Gaps are the engine's business."""
