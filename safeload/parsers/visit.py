"""Where reading stands: at which place in which containers, for what purpose, with how much work left."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Callable, field, record, replace
from safeload.parsers import external
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.purposes import purpose_of
from safeload.parsers.reader import Reader

if TYPE_CHECKING:
    from safeload.errors import Malformed

Parts = tuple[Part, ...]


@record(slots=True, kw_only=True)
class Budget:
    """What is left for one artifact, through all its containers. Spending more raises `Refused`."""

    inflated: int = field(default_factory=lambda: limits.INFLATED)
    members: int = field(default_factory=lambda: limits.MEMBERS)
    looks: int = field(default_factory=lambda: limits.REMOTE_LOOKS)

    def inflate(self, n: int) -> None:
        self.inflated -= n
        if self.inflated < 0:
            raise Refused(f"it becomes more than {limits.INFLATED:,} bytes", reason=GapReason.LIMIT)

    def enter(self) -> None:
        self.members -= 1
        if self.members < 0:
            raise Refused(f"more than {limits.MEMBERS:,} members", reason=GapReason.LIMIT)


@record(frozen=True, slots=True, kw_only=True)
class Visit:
    """One reading of some bytes: `kind` is the format tried, `member` the way here through containers."""

    examine: Callable[[Reader, Visit], Parts]
    kind: str = ""
    member: tuple[str, ...] = ()
    purpose: str = ""
    budget: Budget = field(default_factory=Budget)

    def of(self, kind: str) -> Visit:
        """The same bytes, tried as another format."""
        return Visit(examine=self.examine, kind=kind, member=self.member, purpose=self.purpose, budget=self.budget)

    def inside(self, reader: Reader, name: str, *, purpose: str | None = None) -> Parts:
        """All readings of a member of this container; `purpose` as its name tells, unless the container knows."""
        member = (*self.member, name)
        if len(member) > limits.ARCHIVE_DEPTH:
            gap = Gap(reason=GapReason.LIMIT, detail=f"archives more than {limits.ARCHIVE_DEPTH} deep")
            return (Part(member=member, format="unknown", gap=gap),)
        try:
            self.budget.enter()
        except Refused as refused:
            return (Part(member=member, format="unknown", gap=refused.gap),)
        meant = purpose_of(name) if purpose is None else purpose
        return self.examine(reader, replace(self, kind="", member=member, purpose=meant))

    def elsewhere(self, kind: str, *, format: str = "") -> Part:
        """A part that this process has no reader for: the worker with other people's libraries reads it."""
        gap = Gap(reason=GapReason.MISSING_DEPENDENCY, detail=external.how_to_get(kind))
        return Part(member=self.member, format=format or kind, needs=kind, gap=gap)


Read = Callable[[Reader, Visit], Parts | None]
"""One reading. None when the bytes turn out not to be of that kind, which only trying could tell."""


def gap_of(error: Malformed) -> Gap:
    return error.gap if isinstance(error, Refused) else Gap(reason=GapReason.MALFORMED, detail=str(error))
