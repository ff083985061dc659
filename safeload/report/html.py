"""A review as the static panel: self-contained HTML without script."""

from __future__ import annotations

from functools import cache

from safeload.decisions.interface import DeciderKind, Decision
from safeload.lean import TYPE_CHECKING, Any, Choice, Sequence, record
from safeload.policy.interface import Action, Review
from safeload.report import words
from safeload.report.following import next_step
from safeload.report.panelrows import (
    FILES_SHOWN,
    OUTCOME_TONES,
    TONES,
    Line,
    Tone,
    aside_lines,
    code_of,
    file_row,
    hurt_line,
    moment,
    reason_lines,
    signal_lines,
)
from safeload.scanners import escape
from safeload.signals.interface import Dimension
from safeload.sources.interface import OriginKind

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["PanelState", "Said", "render", "render_line", "render_text"]

_LONGEST = 600  # characters of one text in the panel: no card or name takes the page over


class PanelState(str, Choice):
    """The moment that a panel shows."""

    LOOKED = "looked"  # nobody wants to load it, or the load has not begun
    ASKING = "asking"  # a person is being asked
    OFFERING = "offering"  # it is blocked, and a person is asked whether to take its tensors
    UNASKED = "unasked"  # a question, and nobody there to answer it
    DECIDED = "decided"  # somebody said yes or no
    LOADED = "loaded"


@record(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said yes or no, when (ISO 8601 UTC), and whether it counts the next time too."""

    action: Action
    who: str
    at: str
    note: str = ""
    remembered: bool = False

    @classmethod
    def of(cls, decision: Decision, *, remembered: bool = False) -> Said | None:
        """None for a decision that was the policy's alone."""
        if decision.decider is DeciderKind.POLICY:
            return None
        return cls(action=decision.action, who=decision.who, at=decision.at, note=decision.note, remembered=remembered)


def render(
    review: Review,
    *,
    state: PanelState = PanelState.LOOKED,
    said: Said | None = None,
    names: Sequence[str] = (),
) -> str:
    """The panel as HTML. `names` are the variables that a load bound."""
    quiet = review.verdict.action is Action.ALLOW
    artifacts = review.snapshot.artifacts
    opened = [a for a in artifacts if a.role not in words.ASIDE]
    beside = [a for a in artifacts if a.role in words.ASIDE]
    return _template().render(
        state=state.value,
        head=_head(review, state, said),
        target=words.title(review.snapshot.origin),
        meta=_short_meta(review) if quiet else _meta(review),
        looked_at=" · ".join(_meta(review)) if quiet else "",
        names=names,
        sentence=_sentence(review, state),
        said=_said(said) if said else "",
        next=None if state in (PanelState.DECIDED, PanelState.LOADED, PanelState.ASKING) else next_step(review),
        answers=[*_answers(review)],
        reasons=reason_lines(review),
        aside=aside_lines(review),
        code=() if quiet else code_of(review),
        trust=signal_lines(review, Dimension.TRUST),
        quality=signal_lines(review, Dimension.QUALITY),
        files=[file_row(review, artifact) for artifact in opened[:FILES_SHOWN]],
        beside=[artifact.path for artifact in beside[:FILES_SHOWN]],
        left=max(0, len(opened) - FILES_SHOWN) + max(0, len(beside) - FILES_SHOWN),
        footer=_footer(review),
        fold=quiet,
        why_open=not quiet and state not in (PanelState.DECIDED, PanelState.LOADED),
    )


def render_line(text: str, *, mark: str = "…", tone: Tone = Tone.NONE) -> str:
    """One line in the panel's dress: what a load is doing at this moment."""
    return _template("panel_line.html.j2").render(text=text, mark=mark, tone=tone)


def render_text(
    review: Review,
    *,
    state: PanelState = PanelState.LOOKED,
    said: Said | None = None,
    names: Sequence[str] = (),
) -> str:
    """What the panel says, as plain lines: for terminals, logs and mails."""
    head = _head(review, state, said)
    bound = f" as {', '.join(names)}" if names else ""
    meta = " · ".join(_meta(review))
    lines = [f"{head.mark} {head.text}: {words.title(review.snapshot.origin)}{words.plain(bound)} ({meta})"]
    if review.verdict.action is not Action.ALLOW:
        lines.append(f"  {_sentence(review, state)}")
        lines += [f"  {question} {line.text}" for question, line in _answers(review)]
        step = next_step(review)
        if step and state is not PanelState.DECIDED and state is not PanelState.LOADED:
            lines += [f"  {step.text}"] + ([f"    {step.command}"] if step.command else [])
    if said:
        lines.append(f"  {words.plain(_said(said))}")
    return "\n".join(lines)


def _head(review: Review, state: PanelState, said: Said | None) -> Line:
    if state is PanelState.LOADED:
        return Line(mark="✓", tone=Tone.GOOD, text="Loaded")
    if said is not None:
        yes = said.action is Action.ALLOW
        return Line(mark="✓" if yes else "✕", tone=Tone.GOOD if yes else Tone.BAD, text="Approved" if yes else "Denied")
    action = review.verdict.action
    text = words.HEADLINES[action]
    if action is Action.ASK and state is not PanelState.ASKING:
        text = "Decision needed"
    return Line(mark=words.MARKS[action], tone=TONES[action], text=text)


def _meta(review: Review) -> tuple[str, ...]:
    here = ("on this machine",) if review.snapshot.origin.kind is OriginKind.LOCAL else ()
    return (*here, *words.looked_at(review))


def _short_meta(review: Review) -> tuple[str, ...]:
    """For the one line of a clean load; the rest is behind it."""
    left_out = ("opens", "read ")
    return (*(part for part in _meta(review) if not part.startswith(left_out)), "nothing to ask")


def _sentence(review: Review, state: PanelState) -> str:
    said = words.sentence(review)
    if state is PanelState.LOADED or (state is PanelState.DECIDED and review.verdict.action is Action.ASK):
        return said.removesuffix(words.nothing_ran(review)).rstrip()
    return said


def _said(said: Said) -> str:
    yes = said.action is Action.ALLOW
    text = f"{'Approved' if yes else 'Denied'} by {said.who or 'somebody unnamed'}, {moment(said.at)}."
    if not yes:
        text += " Nothing of it was loaded."
    if said.note:
        text += f" {words.ended(said.note[:1].upper() + said.note[1:])}"
    if said.remembered:
        text += " Remembered for exactly these bytes and these reasons; if either changes, you are asked again."
    return text


def _answers(review: Review) -> list[tuple[str, Line]]:
    """The three short answers; the first from the files alone, the others from their signals."""
    hurt, *others = words.answers(review)
    lines = [(hurt.question, hurt_line(review))]
    for answer in others:
        mark, tone = words.OUTCOME_MARKS[answer.outcome], OUTCOME_TONES[answer.outcome]
        lines.append((answer.question, Line(mark=mark, tone=tone, text=answer.text)))
    return lines


def _footer(review: Review) -> tuple[str, ...]:
    engine = review.assessment.report.engine
    parts = [f"policy {review.policy.name}", f"safeload {engine.version}"]
    if review.snapshot.digest is not None:
        parts.append(f"these bytes: {review.snapshot.digest.algorithm} {review.snapshot.digest.hex[:12]}")
    if engine.missing_extras:
        parts.append(f"not installed here: {', '.join(engine.missing_extras)}")
    return tuple(parts)


@cache
def _template(name: str = "panel.html.j2") -> Template:
    import jinja2

    folder = jinja2.PackageLoader("safeload", "report")
    environment = jinja2.Environment(
        loader=folder,
        autoescape=True,
        finalize=_plain,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _plain(value: Any) -> Any:
    """Every text that the template prints passes here: no hidden character, no endless string."""
    if isinstance(value, Choice):
        value = value.value
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return escape.plain(value, _LONGEST)
    return value
