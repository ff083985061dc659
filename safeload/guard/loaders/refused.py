"""What a library would run that nobody could have looked at: refused, in plain words."""

from __future__ import annotations

from safeload import home
from safeload.auditlog import AuditLog
from safeload.errors import Blocked, StateError


def refused(message: str, *, what: str, reader: str, next: str) -> Blocked:
    """Nothing is scanned or asked here, so that it is written down here too."""
    try:
        AuditLog(home.ready()).append("stopped", asked_for=what, event_name="call", reader=reader)
    except StateError as error:
        next = f"{next} It could not be written down: {error}"
    return Blocked(message, next=next)
