"""Findings about what a file mentions: one a rule, with the first few mentions as evidence."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Callable, Final
from safeload.parsers.facts import Mention, Part
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact

_SHOWN: Final = 8

# The rule that applies to a mention, and a sentence about it; None for what is ordinary.
Judge = Callable[[Mention], tuple[Rule, str] | None]


def findings(part: Part, artifact: Artifact, judge: Judge) -> tuple[Finding, ...]:
    """What `judge` says of the part's mentions, those of one rule together."""
    found: dict[str, list[tuple[Rule, str, Mention]]] = {}
    for mention in part.mentions:
        judged = judge(mention)
        if judged is not None:
            found.setdefault(judged[0].id, []).append((*judged, mention))
    return tuple(_finding(part, artifact, about) for about in found.values())


def _finding(part: Part, artifact: Artifact, about: list[tuple[Rule, str, Mention]]) -> Finding:
    rule, message, _ = about[0]
    evidence = [plain(_said(mention), limits.EVIDENCE) for _, _, mention in about[:_SHOWN]]
    if len(about) > _SHOWN:
        evidence.append(f"and {len(about) - _SHOWN:,} more")
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH,
        location=Location(artifact=artifact.path, member=part.member),
        message=message,
        evidence=tuple(evidence),
    )


def _said(mention: Mention) -> str:
    return f"{mention.text} (at {mention.where})" if mention.where else mention.text


def shown(text: str) -> str:
    """A mention's text as part of a sentence."""
    return plain(text, 100)
