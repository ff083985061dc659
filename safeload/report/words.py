"""The sentences that every face says in the same way: plain text, escaped, without layout."""

from __future__ import annotations

from safeload.errors import PolicyError, SafeloadError
from safeload.lean import Iterable, record
from safeload.policy.interface import Action, Reason, Review
from safeload.scanners import escape
from safeload.scanners.interface import Finding, How, Location, Severity, Unscanned
from safeload.signals.interface import Dimension, Outcome, Signal
from safeload.sources.interface import Origin, OriginKind, Role

HEADLINES = {Action.ALLOW: "Nothing to ask", Action.ASK: "Your decision", Action.BLOCK: "Blocked"}
MARKS = {Action.ALLOW: "✓", Action.ASK: "?", Action.BLOCK: "✕"}
OUTCOMES = {
    Outcome.SUPPORTS: "supports",
    Outcome.NEUTRAL: "neutral",
    Outcome.WEIGHS_AGAINST: "weighs against",
    Outcome.UNKNOWN: "unknown",
}
OUTCOME_MARKS = {Outcome.SUPPORTS: "●", Outcome.NEUTRAL: "○", Outcome.WEIGHS_AGAINST: "▲", Outcome.UNKNOWN: "?"}
STEP = " \u203a "  # between an archive and what is in it
SHORT_COMMIT = 7  # characters; what the hub's own pages show
ASIDE = {Role.BESIDE}

_CONVERTING = ("transformers", "sentence_transformers", "diffusers", "peft")


def plain(text: str, limit: int | None = None) -> str:
    """Hostile text as one line without control, format, bidirectional or other hidden characters."""
    return escape.plain(text, _longest(text) if limit is None else limit)


def plain_lines(text: str) -> list[str]:
    """Hostile text of several lines (decompiled code), each made plain; tabs become four spaces."""
    return escape.plain(text, _longest(text), lines=True).split("\n")


def _longest(text: str) -> int:
    return 10 * len(text)  # an escape such as \U000e0041 takes ten characters


def size(n: int) -> str:
    """Bytes as people say them, in powers of ten: 912 B, 4.1 kB, 438 MB."""
    value, unit = float(n), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    if unit == "B":
        return f"{n} B"
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def count(n: int, noun: str, plural: str = "") -> str:
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def title(origin: Origin) -> str:
    """The name of what is loaded."""
    return plain(origin.name)


def place(location: Location) -> str:
    """Artifact, members, byte: where somebody would look it up."""
    path = STEP.join(plain(part) for part in (location.artifact, *location.member))
    return path if location.offset is None or location.offset < 0 else f"{path}, byte {location.offset}"


def looked_at(review: Review) -> tuple[str, ...]:
    """What the report is about, in short parts: commit, files that the load opens, their size, how they were read."""
    snapshot, report = review.snapshot, review.assessment.report
    opened = [a for a in snapshot.artifacts if a.role not in ASIDE]
    parts = [f"commit {plain(snapshot.origin.revision)[:SHORT_COMMIT]}"] if snapshot.origin.revision else []
    if snapshot.origin.kind is OriginKind.LOCAL and len(snapshot.artifacts) == 1:
        parts.append("opens this file")
    else:
        parts.append(f"opens {len(opened)} of {count(len(snapshot.artifacts), 'file')}")
    sizes = [a.size for a in opened]
    if opened and None not in sizes:
        parts.append(size(sum(s for s in sizes if s is not None)))
    parts.append("read by ranges" if report.how is How.RANGES else "read whole")
    others = {a.origin for a in snapshot.artifacts if a.origin is not None}
    if others:
        parts.append(f"and from {', '.join(sorted(title(origin) for origin in others))}")
    if _would_be_converted(review):
        parts.append("no conversion service is sent your token")
    return tuple(parts)


def _would_be_converted(review: Review) -> bool:
    """Pickled weights of a hub that transformers loads: alone it asks a service to convert them, with the token."""
    names = [a.name_in_origin.rpartition("/")[2] for a in review.snapshot.artifacts if a.role is Role.WEIGHTS]
    pickled = any(name.startswith("pytorch_model") and name.endswith(".bin") for name in names)
    return pickled and review.call.loader in _CONVERTING and review.snapshot.origin.kind is OriginKind.HUB


def nothing_ran(review: Review) -> str:
    """What has not happened yet, said exactly."""
    if review.assessment.report.how is How.RANGES:
        return "No weights have been downloaded, and nothing of it has run."
    return "Nothing of it has run."


def deciding(review: Review) -> tuple[Reason, ...]:
    """The reasons that made the verdict what it is, in the policy's order."""
    action = review.verdict.action
    return tuple(reason for reason in review.verdict.reasons if reason.action is action)


def sentence(review: Review) -> str:
    """What loading would do, and that nothing has happened yet."""
    action = review.verdict.action
    if action is Action.ALLOW:
        opened = sum(a.role not in ASIDE for a in review.snapshot.artifacts)
        what = "the file that is loaded" if opened == 1 else f"the {opened} files that the load opens"
        return f"Under the policy {plain(review.policy.name)!r}, nothing in {what} needs a decision."
    reasons = deciding(review)
    if not reasons:
        return f"Nothing was found that the policy could allow, and an empty answer is a no. {nothing_ran(review)}"
    more = f" ({count(len(reasons) - 1, 'more reason')} below.)" if len(reasons) > 1 else ""
    return f"{ended(plain(reasons[0].text))}{more} {nothing_ran(review)}"


def ended(text: str) -> str:
    """The text as a sentence that ends."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def gaps(review: Review) -> tuple[Unscanned, ...]:
    """What was not read, or not whole."""
    return tuple(r for r in review.assessment.report.results if isinstance(r, Unscanned))


def gap_sentence(gap: Unscanned) -> str:
    detail = f": {plain(gap.detail)}" if gap.detail else ""
    return ended(f"Not read ({gap.reason.value}){detail}")


def aside(review: Review) -> tuple[Finding, ...]:
    """Findings in files that the load does not open: shown, never deciding."""
    report = review.assessment.report
    return tuple(f for f in report.findings if report.role(f.location.artifact) in ASIDE)


def strictest_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the most severe first."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda f: -order.index(f.rule.severity)))


@record(frozen=True, slots=True, kw_only=True)
class Answer:
    """One of the three questions that people have, and what is known."""

    question: str
    outcome: Outcome
    text: str


def answers(review: Review) -> tuple[Answer, Answer, Answer]:
    """Can it hurt me? Who is behind it? Is it any good? Each in one sentence."""
    return (
        Answer(question="Can it hurt me?", outcome=_HURTS[review.verdict.action], text=_hurts(review)),
        _of_signals("Who is behind it?", review, Dimension.TRUST),
        _of_signals("Is it any good?", review, Dimension.QUALITY),
    )


_HURTS = {Action.ALLOW: Outcome.SUPPORTS, Action.ASK: Outcome.NEUTRAL, Action.BLOCK: Outcome.WEIGHS_AGAINST}


def _hurts(review: Review) -> str:
    reasons = deciding(review)
    if review.verdict.action is not Action.ALLOW:
        return ended(plain(reasons[0].text)) if reasons else "Nothing is known about it."
    report = review.assessment.report
    unread = sum(report.role(gap.location.artifact) not in ASIDE for gap in gaps(review))
    if unread:
        return f"{count(unread, 'part')} that the load opens could not be read; your policy allows that."
    if len(report.findings) > len(aside(review)):
        return "Something was found; your policy allows it."
    return "All that the load opens was read, and nothing was found that would run."


def _of_signals(question: str, review: Review, dimension: Dimension) -> Answer:
    signals = signals_of(review, dimension)
    if not signals:
        return Answer(question=question, outcome=Outcome.UNKNOWN, text="Not asked.")
    telling = [s for s in signals if s.outcome is not Outcome.UNKNOWN]
    if not telling:
        return Answer(question=question, outcome=Outcome.UNKNOWN, text="Not known: nothing was answered.")
    said = " ".join(ended(plain(s.summary)) for s in telling[:2])
    return Answer(question=question, outcome=telling[0].outcome, text=said)


def signals_of(review: Review, dimension: Dimension) -> tuple[Signal, ...]:
    """The signals of one dimension: what weighs against first, what is not known last."""
    order = (Outcome.WEIGHS_AGAINST, Outcome.SUPPORTS, Outcome.NEUTRAL, Outcome.UNKNOWN)
    mine = [s for s in review.assessment.signals if s.dimension is dimension]
    return tuple(sorted(mine, key=lambda s: order.index(s.outcome)))


def error_line(error: SafeloadError) -> str:
    """What went wrong, what to do next: one line for stderr; a mistake in a policy file keeps its line and caret."""
    if isinstance(error, PolicyError) and "\n" in error.message:
        return "\n".join([*plain_lines(error.message), plain(error.next)]).rstrip()
    return plain(" ".join(part for part in (ended(error.message), error.next) if part))
