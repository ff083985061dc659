"""A review as text for a terminal, a log or a file of any width and encoding."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Iterable, Sequence
from safeload.policy.interface import Action, Reason, Review
from safeload.report import words
from safeload.report.page import Page, Text
from safeload.report.style import Style, encodable
from safeload.scanners.interface import Scanned
from safeload.signals.interface import Dimension, Outcome

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact

TONES = {Action.ALLOW: "green", Action.ASK: "yellow", Action.BLOCK: "red"}
OUTCOME_TONES = {Outcome.SUPPORTS: "green", Outcome.WEIGHS_AGAINST: "yellow", Outcome.NEUTRAL: "", Outcome.UNKNOWN: ""}
ROWS = 8  # reasons, gaps and files of one section; JSON has them all
CODE_ROWS = 16  # lines of decompiled code
CODE_DANGEROUS = 4  # rows of the page for a line that a finding is about
CELL = 400  # characters of one sentence


def render(review: Review, *, style: Style) -> str:
    """The whole report: verdict, what was looked at, why, what would run, gaps, signals, what to do next."""
    page = _Page(style)
    page.head(review)
    page.why(review)
    page.code(review)
    page.files(review)
    page.gaps(review)
    page.aside(review)
    page.signals(review, Dimension.TRUST, "Trust")
    page.signals(review, Dimension.QUALITY, "Quality")
    page.next(review)
    return page.done()


def verdict_line(review: Review) -> str:
    """The verdict in one line: `Blocked: org/name: why`."""
    return f"{words.HEADLINES[review.verdict.action]}: {words.title(review.snapshot.origin)}: {words.sentence(review)}"


class _Page(Page):
    """One report being written. Every string passes `plain`: nothing in it is taken for a code of a terminal."""

    def __init__(self, style: Style) -> None:
        super().__init__(width=style.width, colour=style.colour)
        self.style = style

    def text(self, said: str, style: str = "", *, limit: int = CELL) -> Text:
        return Text(encodable(words.plain(said, limit), self.style.encoding), style)

    def heading(self, said: str) -> None:
        self.blank()
        self.line(self.text(said, "bold"), 2)

    def rows(self, rows: Iterable[Sequence[Text]], *, first: int) -> None:
        """A small table without rules. The first column keeps its width; on a narrow page the rows become lines."""
        for label, text in rows:
            if self.width < 2 * first + 20:
                self.line(label, 2)
                self.line(text, 4)
            else:
                self.row((label, text), first=first, indent=2)

    def more(self, total: int, noun: str) -> None:
        if total > ROWS:
            self.line(self.text(f"… and {words.count(total - ROWS, f'more {noun}')} (--format json has all)", "dim"), 2)

    def head(self, review: Review) -> None:
        action = review.verdict.action
        tone = f"bold {TONES[action]}"
        headline = self.text(f"{words.MARKS[action]} {words.HEADLINES[action]}", tone)
        self.line(headline + self.text("  ") + self.text(words.title(review.snapshot.origin), tone), 0)
        self.line(self.text(" · ".join(words.looked_at(review)), "dim"), 2)
        self.blank()
        self.line(self.text(words.sentence(review), limit=4 * CELL), 2)

    def why(self, review: Review) -> None:
        reasons = [r for r in review.verdict.reasons if r.action is not Action.ALLOW]
        if not reasons:
            return
        reasons.sort(key=lambda reason: -reason.action.strictness)
        self.heading("Why")
        self.rows((self._reason(r) for r in reasons[:ROWS]), first=5)
        self.more(len(reasons), "reason")

    def _reason(self, reason: Reason) -> tuple[Text, Text]:
        said = self.text(words.ended(reason.text))
        if reason.because:
            said = said + Text("\n") + self.text(reason.because, "dim")
        return self.text(reason.action.value, TONES[reason.action]), said

    def code(self, review: Review) -> None:
        if review.verdict.action is Action.ALLOW:
            return
        from safeload.report.panelrows import code_of

        for code in code_of(review):
            self.heading(f"What loading {code.path} would run")
            for row in _shortened(code.lines):
                self.row(self._code(row), first=1, indent=4)

    def _code(self, row: tuple[str, bool] | None) -> tuple[Text, Text]:
        """One line stays one line, except one that a finding is about."""
        if row is None:
            return self.text(""), self.text("…", "dim")
        said, dangerous = row
        room = max(self.style.width - 8, 10)
        if dangerous:
            return self.text(">", "red"), self.text(said, "red", limit=CODE_DANGEROUS * room)
        return self.text(""), self.text(said, limit=room)

    def files(self, review: Review) -> None:
        opened = [a for a in review.snapshot.artifacts if a.role not in words.ASIDE]
        if not opened:
            return
        self.heading("Files that the load opens")
        self.rows(
            (self._file(review, a) for a in opened[:ROWS]), first=min(max(len(a.path) for a in opened[:ROWS]), 40)
        )
        self.more(len(opened), "file")

    def _file(self, review: Review, artifact: Artifact) -> tuple[Text, Text]:
        results = [r for r in review.assessment.report.results if r.location.artifact == artifact.path]
        formats = list(dict.fromkeys(r.format for r in results))
        found = sum(len(r.findings) for r in results)
        read = "read" if all(isinstance(r, Scanned) for r in results) else "not read whole"
        parts = [*formats[:2], *([words.size(artifact.size)] if artifact.size is not None else []), read]
        parts += [words.count(found, "finding")] if found else []
        return self.text(artifact.path, limit=120), self.text(", ".join(parts))

    def gaps(self, review: Review) -> None:
        gaps = words.gaps(review)
        if not gaps:
            return
        self.heading("Gaps")
        for gap in gaps[:ROWS]:
            self.line(self.text(words.place(gap.location)), 2)
            self.line(self.text(words.gap_sentence(gap), "dim"), 4)
        self.more(len(gaps), "gap")
        missing = review.assessment.report.engine.missing_extras
        if missing:
            self.line(self.text(f"Not installed here: {', '.join(missing)}", "dim"), 2)

    def aside(self, review: Review) -> None:
        findings = words.strictest_findings(words.aside(review))
        if not findings:
            return
        self.heading("In files that the load does not open (this does not decide)")
        for finding in findings[:ROWS]:
            self.line(self.text(f"{finding.rule.severity.value}: {words.ended(finding.message)}"), 2)
            self.line(self.text(f"{words.place(finding.location)} · rule {finding.rule.id}", "dim"), 4)
        self.more(len(findings), "finding")

    def signals(self, review: Review, dimension: Dimension, title: str) -> None:
        signals = words.signals_of(review, dimension)
        if not signals:
            return
        self.heading(title)
        labels = {o: f"{words.OUTCOME_MARKS[o]} {said}" for o, said in words.OUTCOMES.items()}
        self.rows(
            (
                (self.text(labels[s.outcome], OUTCOME_TONES[s.outcome]), self.text(words.ended(s.summary)))
                for s in signals
            ),
            first=max(len(labels[s.outcome]) for s in signals),
        )

    def next(self, review: Review) -> None:
        if review.verdict.action is Action.ALLOW:
            return
        from safeload.report.following import next_step

        step = next_step(review)
        if step is None:
            return
        self.heading("Next")
        self.line(self.text(step.text, limit=4 * CELL), 2)
        if step.command:
            # Not wrapped: a command that was broken over two lines cannot be pasted.
            self.line(self.text(step.command, "bold", limit=10_000), 4, wrap=False)


def _shortened(lines: Sequence[tuple[str, bool] | int]) -> list[tuple[str, bool] | None]:
    """At most `CODE_ROWS` lines: those that findings are about, then the first; None where lines were left out."""
    rows = {i: row for i, row in enumerate(lines) if not isinstance(row, int)}
    bad = [i for i, (_, dangerous) in rows.items() if dangerous]
    near = [j for i in bad for j in (i, i - 1, i + 1) if j in rows]
    chosen = set(list(dict.fromkeys([*near, *rows]))[:CODE_ROWS])
    shown: list[tuple[str, bool] | None] = []
    for i in range(len(lines)):
        if i in chosen:
            shown.append(rows[i])
        elif not shown or shown[-1] is not None:
            shown.append(None)
    return shown
