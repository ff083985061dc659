"""Compares a chat template with the one of the base model, where one load reaches both."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final, Iterable, Iterator, Mapping, pattern, record, replace
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Result
from safeload.scanners.template_rules import CHANGED

if TYPE_CHECKING:
    from collections import Counter

    from safeload.parsers.facts import Part
    from safeload.sources.interface import Artifact

_SHOWN: Final = 8
# Templates are often one line: a piece ends with a line, a statement or an expression.
_PIECES: Final = pattern(r"\n|(?<=%\})|(?<=\}\})")
_SETTING: Final = "chat_template"


@record(frozen=True, slots=True, kw_only=True)
class Held:
    """A template, and where it stands. `member` is empty where it is a whole file."""

    artifact: Artifact
    member: tuple[str, ...]
    source: str

    @property
    def name(self) -> str:
        """Of several templates, which; empty for the ordinary one."""
        last = self.member[-1] if self.member else _stem(self.artifact.name_in_origin)
        name = last.removeprefix(_SETTING).removeprefix(".")
        return "" if name == "default" else name


def _stem(path: str) -> str:
    from pathlib import PurePosixPath

    return PurePosixPath(path).stem


def compare(template: str, base: str, place: Location) -> Finding | None:
    """A finding with what was added and removed; None where they say the same."""
    ours, theirs = _pieces(template), _pieces(base)
    added, removed = list((ours - theirs).elements()), list((theirs - ours).elements())
    if not added and not removed:
        return None
    # What was added first: it is what the model is told now.
    evidence = [f"+ {piece}" for piece in added] + [f"- {piece}" for piece in removed]
    return Finding(
        rule=CHANGED,
        confidence=Confidence.HIGH,
        location=place,
        message=f"The chat template differs from the base model's in {len(evidence):,} places.",
        evidence=tuple(plain(text, limits.EVIDENCE) for text in evidence[:_SHOWN]),
    )


def _pieces(template: str) -> Counter[str]:
    from collections import Counter

    return Counter(piece.strip() for piece in _PIECES.split(template) if piece.strip())


def changed(held: Iterable[Held]) -> Mapping[tuple[str, tuple[str, ...]], Finding]:
    """Findings by path and member: the load's own templates against those of the repositories that it leads to."""
    every = tuple(held)
    return dict(_changed([one for one in every if one.artifact.origin is None], every))


def _changed(own: Iterable[Held], every: Iterable[Held]) -> Iterator[tuple[tuple[str, tuple[str, ...]], Finding]]:
    for one in own:
        bases = [other for other in every if other.artifact.origin is not None and other.name == one.name]
        place = Location(artifact=one.artifact.path, member=one.member)
        findings = [compare(one.source, base.source, place) for base in bases]
        if findings and all(findings):
            first = findings[0]
            if first is not None:
                yield (one.artifact.path, one.member), first


def held(parts: Iterable[Part], artifact: Artifact) -> tuple[Held, ...]:
    """The templates of one artifact."""
    return tuple(
        Held(artifact=artifact, member=part.member, source=part.template.source)
        for part in parts
        if part.template is not None
    )


def noted(results: Iterable[Result], held: Iterable[Held]) -> tuple[Result, ...]:
    """The results, with the finding beside each template that was changed."""
    found = changed(held)
    return tuple(
        replace(one, findings=(*one.findings, found[at]))
        if (at := (one.location.artifact, one.location.member)) in found
        else one
        for one in results
    )
