"""`safeload log`: who decided what, when."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import typer

from safeload.cli import exits
from safeload.cli import options as o
from safeload.cli.output import Output
from safeload.errors import StateError
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.auditlog import AuditLog, Entry


def log(
    verify: Annotated[
        bool, typer.Option("--verify", help="Check that nothing was edited, removed or reordered.")
    ] = False,
    expect_head: Annotated[
        str | None, typer.Option("--expect-head", metavar="N:HASH", help="With --verify: a head noted earlier.")
    ] = None,
    last: Annotated[int | None, typer.Option("-n", min=1, metavar="N", help="The last N entries only.")] = None,
    format: o.FormatOption = o.Format.TEXT,
) -> int:
    """Show what was decided, loaded and stopped.

    Exit code: 0 shown or whole, 1 --verify found damage, 2 error.
    """
    from safeload import home
    from safeload.auditlog import AuditLog

    record = AuditLog(home.home())
    with Output(None) as out:
        if verify or expect_head is not None:
            return _verified(record, expect_head, out, format)
        _shown(record, last, out, format)
    return exits.ALLOW


def _shown(record: AuditLog, last: int | None, out: Output, format: o.Format) -> None:
    """Raises `StateError` where the chain breaks, after what came before it was shown."""
    from safeload.report import record as written

    as_line = written.entry_json if format is o.Format.JSON else written.entry_text
    if last is None:
        for entry in record.entries():
            out.write(as_line(entry) + "\n")
        return
    kept: deque[Entry] = deque(maxlen=last)
    broken = None
    try:
        kept.extend(record.entries())
    except StateError as error:
        broken = error
    for entry in kept:
        out.write(as_line(entry) + "\n")
    if broken is not None:
        raise broken


def _verified(record: AuditLog, expect_head: str | None, out: Output, format: o.Format) -> int:
    from safeload.report import record as written

    found = record.verify(expect_head)
    out.write(written.verification_json(found) if format is o.Format.JSON else written.verification_text(found))
    return exits.ALLOW if found.ok else exits.BLOCK
