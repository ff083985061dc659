"""What `approve` and `deny` share: one decision about exactly these bytes, remembered and logged."""

from __future__ import annotations

import sys

from safeload.cli import exits
from safeload.cli.options import Format
from safeload.cli.output import Output
from safeload.errors import UsageError
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.sources.interface import Call


def settle(
    call: Call, *, allow: bool, reason: str, policy: str | None, format: Format, unsafe_override: bool = False
) -> int:
    """Raises `Blocked` when the policy does not let it be approved."""
    from safeload import pipeline
    from safeload.cli.progress import Line
    from safeload.decisions.interface import DeciderKind
    from safeload.policy.named import policy_named
    from safeload.report.decision import as_json, as_text
    from safeload.terminal import person, somebody_there

    if not reason.strip():
        raise UsageError("--reason is empty.", next="Say in a few words what you checked; it is logged.")
    # A job without a terminal is a command that somebody set up, not a person who looks at it now.
    kind = DeciderKind.PERSON if somebody_there(sys.stdin, sys.stderr) else DeciderKind.COMMAND
    with Line() as progress:
        review, decision = pipeline.settle(
            call,
            policy=policy_named(policy),
            allow=allow,
            note=reason.strip(),
            who=person(),
            kind=kind,
            unsafe_override=unsafe_override,
            progress=progress,
        )
    with Output(None) as out:
        if format is Format.JSON:
            out.write(as_json(review, decision) + "\n")
        else:
            out.write(as_text(review, decision, style=out.style))
    return exits.ALLOW
