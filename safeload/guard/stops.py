"""What the hook stopped, as an error that says what to do."""

from __future__ import annotations

from safeload.errors import Blocked, NotLoaded, SafeloadError, Stop


def as_error(stop: Stop) -> SafeloadError:
    """The public error for a stop: the one it carries outwards, or a `Blocked`."""
    if isinstance(stop.cause, SafeloadError):
        return stop.cause
    return Blocked(str(stop), next=stop.next)


def outwards(error: NotLoaded, *, nested: bool) -> BaseException:
    """Inside another library's load, a `Stop`: libraries swallow `Exception` and try again another way."""
    return Stop(str(error), cause=error) if nested else error
