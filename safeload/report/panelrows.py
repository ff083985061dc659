"""The rows of the panel: reasons with their evidence, decompiled code, signals, files."""

from __future__ import annotations

from safeload.lean import Choice, Iterable, Sequence, pattern, record
from safeload.policy.interface import Action, Reason, Review
from safeload.report import words
from safeload.scanners.interface import Finding, Severity, Unscanned
from safeload.signals.interface import Dimension, Outcome, Signal
from safeload.sources.interface import Artifact, Role

FILES_SHOWN = 60
_ROWS_SHOWN = 20
_LINES_SHOWN = 16
_LINES_AROUND = 2
_MARKED_SHOWN = 5
_MOMENT = pattern(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")
_DOTTED = pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


class Tone(str, Choice):
    GOOD = "good"
    ASK = "ask"
    BAD = "bad"
    NONE = "none"


TONES = {Action.ALLOW: Tone.GOOD, Action.ASK: Tone.ASK, Action.BLOCK: Tone.BAD}
ACTION_MARKS = {Action.ALLOW: "●", Action.ASK: "▲", Action.BLOCK: "✕"}
OUTCOME_TONES = {
    Outcome.SUPPORTS: Tone.GOOD,
    Outcome.NEUTRAL: Tone.NONE,
    Outcome.WEIGHS_AGAINST: Tone.ASK,
    Outcome.UNKNOWN: Tone.NONE,
}
_LOUD = (Severity.HIGH, Severity.CRITICAL)
_USES = {
    Role.WEIGHTS: "weights",
    Role.CONFIG: "configuration",
    Role.TOKENIZER: "tokenizer",
    Role.TEMPLATE: "template",
    Role.CODE: "code that runs",
    Role.BESIDE: "not opened",
    Role.TARGET: "named by you",
    Role.FOUND: "in the folder",
}


@record(frozen=True, slots=True, kw_only=True)
class Line:
    """A sentence with its mark, what it rests on, and what one can do about it."""

    mark: str
    tone: Tone
    text: str
    notes: tuple[str, ...] = ()
    advice: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Code:
    """Decompiled Python: (line, marked) pairs; a number stands for so many lines left out.

    `label` says why lines are marked.
    """

    path: str
    lines: tuple[tuple[str, bool] | int, ...]
    tone: Tone
    label: str


@record(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file that the load opens, and what was found in it."""

    path: str
    use: str
    size: str
    result: Line
    digest: str


def reason_lines(review: Review) -> tuple[Line, ...]:
    """Findings with where they are, then the reasons that rest on something else; the strictest first."""
    report = review.assessment.report
    opened = [f for f in report.findings if report.role(f.location.artifact) not in words.ASIDE]
    findings = words.strictest_findings(opened)
    told = {f.message for f in findings}
    rest = [r for r in review.verdict.reasons if not any(message in r.text for message in told)]
    rest.sort(key=lambda r: -r.action.strictness)
    return (*_some([_finding(f) for f in findings], "finding"), *_some([_reason(r) for r in rest], "reason"))


def hurt_line(review: Review) -> Line:
    """Can it hurt me? From findings and gaps in what the load opens; never from trust."""
    action, report = review.verdict.action, review.assessment.report
    fallback, *_ = words.answers(review)
    text = fallback.text
    if action is not Action.ALLOW:
        opened = [f for f in report.findings if report.role(f.location.artifact) not in words.ASIDE]
        gaps = [g for g in words.gaps(review) if report.role(g.location.artifact) not in words.ASIDE]
        loud = [f for f in words.strictest_findings(opened) if f.rule.severity in _LOUD]
        if loud:
            text = f"Yes. {loud[0].rule.why}"
        elif gaps:
            text = f"Not known. {words.count(len(gaps), 'part')} of what the load opens could not be read whole."
        elif opened:
            text = f"Perhaps. {words.strictest_findings(opened)[0].rule.why}"
    return Line(mark=ACTION_MARKS[action], tone=TONES[action], text=text)


def aside_lines(review: Review) -> tuple[Line, ...]:
    """Findings in files that the load does not open: shown, never deciding."""
    return _some([_finding(f) for f in words.strictest_findings(words.aside(review))], "finding")


def _some(lines: list[Line], noun: str) -> tuple[Line, ...]:
    left = len(lines) - _ROWS_SHOWN
    if left <= 0:
        return tuple(lines)
    return (*lines[:_ROWS_SHOWN], Line(mark="○", tone=Tone.NONE, text=f"And {words.count(left, f'more {noun}')}."))


def _finding(finding: Finding) -> Line:
    loud = finding.rule.severity in _LOUD
    action = Action.BLOCK if loud else Action.ASK
    notes = (words.place(finding.location), *finding.evidence, f"rule {finding.rule.id}")
    return Line(
        mark=ACTION_MARKS[action],
        tone=TONES[action],
        text=words.ended(finding.message),
        notes=notes,
        advice=finding.rule.fix,
    )


def _reason(reason: Reason) -> Line:
    notes = (f"policy clause {reason.clause}",) if reason.clause else ()
    return Line(mark=ACTION_MARKS[reason.action], tone=TONES[reason.action], text=words.ended(reason.text), notes=notes)


def signal_lines(review: Review, dimension: Dimension) -> tuple[Line, ...]:
    return tuple(_signal(s) for s in words.signals_of(review, dimension))


def _signal(signal: Signal) -> Line:
    seen = (f"seen {moment(signal.observed_at)}",) if signal.observed_at else ()
    return Line(
        mark=words.OUTCOME_MARKS[signal.outcome],
        tone=OUTCOME_TONES[signal.outcome],
        text=words.ended(signal.summary),
        notes=(words.OUTCOMES[signal.outcome], *signal.evidence, *seen),
    )


def code_of(review: Review) -> tuple[Code, ...]:
    """The Python that loading would have run, by file, with the lines that findings are about marked."""
    return tuple(_code(review, path, text) for path, text in review.views.items())


def _code(review: Review, path: str, text: str) -> Code:
    found = [f for f in review.assessment.report.findings if f.location.artifact == path]
    loud = [f for f in found if f.rule.severity in _LOUD]
    lines = excerpt(words.plain_lines(text), _names(loud or found))
    tone, label = (Tone.BAD, "dangerous") if loud else (Tone.ASK, "unknown")
    return Code(path=path, lines=lines, tone=tone, label=label)


def _names(findings: Iterable[Finding]) -> set[str]:
    """Last parts of the dotted names that findings are about: how decompiled code calls them.

    Of evidence only what it begins with: the rest are arguments, which the file's author chose.
    """
    said = [name for f in findings for name in _DOTTED.findall(f.message)]
    said += [match[0] for f in findings for text in f.evidence if (match := _DOTTED.match(text))]
    return {name.rpartition(".")[2] for name in said}


def excerpt(lines: Sequence[str], names: set[str]) -> tuple[tuple[str, bool] | int, ...]:
    """The marked lines with those around them, or the beginning: no long harmless part hides anything."""
    bad = {i for name in sorted(names)[:_ROWS_SHOWN] for i in _mentions(lines, name)}
    around = range(-_LINES_AROUND, _LINES_AROUND + 1)
    kept = {i + j for i in bad for j in around} or set(range(_LINES_SHOWN))
    shown: list[tuple[str, bool] | int] = []
    left = 0
    for i, line in enumerate(lines):
        if i not in kept:
            left += 1
            continue
        shown += [left] if left else []
        left = 0
        shown.append((line, i in bad))
    return (*shown, *([left] if left else []))


def _mentions(lines: Sequence[str], name: str) -> list[int]:
    """Where code calls `name`, else where it names it; the first few, so that one name cannot crowd out another."""
    import re

    for form in (rf"(?<!\w){name}(?:\.__new__)?\s*\(", rf"(?<!\w){name}(?!\w)"):
        found = [i for i, line in enumerate(lines) if re.search(form, line)]
        if found:
            return found[:_MARKED_SHOWN]
    return []


def file_row(review: Review, artifact: Artifact) -> FileRow:
    digest = artifact.digest or artifact.expected
    claimed = "" if artifact.digest else ", as claimed"
    return FileRow(
        path=artifact.path,
        use=_USES[artifact.role],
        size=words.size(artifact.size) if artifact.size is not None else "not known",
        result=_result(review, artifact),
        digest=f"{digest.algorithm} {digest.hex[:12]}{claimed}" if digest else "",
    )


def _result(review: Review, artifact: Artifact) -> Line:
    results = [r for r in review.assessment.report.results if r.location.artifact == artifact.path]
    found = [f for r in results for f in r.findings]
    gap = next((r for r in results if isinstance(r, Unscanned)), None)
    read_as = (results[0].format,) if results else ()
    if found:
        action = Action.BLOCK if any(f.rule.severity in _LOUD for f in found) else Action.ASK
        notes = (*read_as, words.gap_sentence(gap)) if gap else read_as
        return Line(mark=ACTION_MARKS[action], tone=TONES[action], text=words.count(len(found), "finding"), notes=notes)
    if gap is not None or not results:
        text = words.gap_sentence(gap) if gap else "Not read."
        return Line(mark="▲", tone=Tone.ASK, text=text, notes=read_as)
    return Line(mark="●", tone=Tone.GOOD, text="nothing found", notes=read_as)


def moment(at: str) -> str:
    """`2026-11-20T15:02:11Z` as `2026-11-20 15:02 UTC`; anything else as it is."""
    match = _MOMENT.fullmatch(at)
    return f"{match[1]} {match[2]} UTC" if match else words.plain(at)
