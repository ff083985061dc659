"""What was stopped where no wrapper was in the way: into the audit log, and said at the end if no error said it."""

from __future__ import annotations

import sys

from safeload import home
from safeload.auditlog import AuditLog
from safeload.errors import StateError
from safeload.guard import hook, stops

_TOLD = 5  # stops that are said at the end, one line each


def flush_stops() -> None:
    """Write what the hook stopped into the audit log. Never raises: the stop has already happened."""
    stopped = hook.collect()
    if not stopped:
        return
    try:
        log = AuditLog(home.ready())
        for item in stopped:
            stops.note(item.message)
            log.append("stopped", asked_for=f"{item.module}.{item.name}", event_name=item.event, reader=item.reader)
    except StateError as error:
        # The load was stopped all the same; that it could not be written down must not be silent.
        sys.stderr.write(f"safeload: {error}\n")


def tell_swallowed(shown: BaseException | None = None) -> None:
    """At the end of a cell or script: what was stopped, where some code kept the error to itself. Never raises."""
    flush_stops()
    stops.said(shown or getattr(sys, "last_value", None))  # where nobody else shows it, Python has
    messages = stops.swallowed()
    for message in messages[:_TOLD]:
        sys.stderr.write(f"safeload: {message} The program kept this error to itself; it is in the audit log.\n")
    if len(messages) > _TOLD:
        sys.stderr.write(f"safeload: {len(messages) - _TOLD} more were stopped; see `safeload log`.\n")
