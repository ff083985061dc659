"""What `scan` does with its targets; `review` does the same with signals."""

from __future__ import annotations

from safeload.cli import exits
from safeload.cli.calls import Format
from safeload.cli.errors import MISTAKE, failed, mistaken, say
from safeload.cli.output import Output
from safeload.errors import SafeloadError, UsageError
from safeload.lean import TYPE_CHECKING, Callable, Sequence

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.policy.interface import Review
    from safeload.report.style import Style
    from safeload.sources.interface import Call


def look(
    targets: Sequence[str],
    call_of: Callable[[str], Call],
    *,
    signals: bool,
    policy: str | None,
    format: Format,
    output: Path | None,
) -> int:
    """One report a target, in the order given; the strictest exit code. A failed target does not stop the others."""
    from safeload import looking
    from safeload.cli.progress import Line
    from safeload.policy.named import policy_named

    chosen = policy_named(policy)
    see = looking.review if signals else looking.scan
    codes = []
    with Output(output) as out:
        for number, target in enumerate(targets):
            try:
                with Line() as progress:
                    review = see(call_of(target), policy=chosen, progress=progress)
                shown = _shown(review, format, out.style)
            except SafeloadError as error:
                codes.append(exits.ERROR)
                _write_error(out, target, error, format)
                failed(error, target=target)
            except Exception as error:  # noqa: BLE001  # A mistake of ours about one target is told, and ends no other's.
                codes.append(exits.ERROR)
                _write_error(out, target, SafeloadError(MISTAKE), format)
                mistaken(error, target=target)
            else:
                codes.append(exits.of_action(review.verdict.action))
                _write(out, shown, review, first=number == 0 or format is Format.JSON)
    return exits.strictest(codes)


def one_revision(targets: Sequence[str], revision: str | None) -> None:
    """Raises `UsageError`: one revision cannot be meant for several targets."""
    if revision is not None and len(targets) > 1:
        raise UsageError("--revision is for one target.", next="With several targets, write each as org/name@revision.")


def _shown(review: Review, format: Format, style: Style) -> str:
    if format is Format.JSON:
        from safeload.report import json

        return json.line(json.review_object(review)) + "\n"
    from safeload.report import text

    return text.render(review, style=style)


def _write(out: Output, shown: str, review: Review, *, first: bool) -> None:
    out.write(shown if first else "\n" + shown)
    if out.path is not None:
        from safeload.report import text

        say(text.verdict_line(review))


def _write_error(out: Output, target: str, error: SafeloadError, format: Format) -> None:
    if format is Format.JSON:
        from safeload.report import json

        out.write(json.line(json.error_object(target, error)) + "\n")
