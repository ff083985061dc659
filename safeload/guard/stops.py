"""What was stopped, as an error that says what to do, and whether anybody has said it."""

from __future__ import annotations

from collections import deque

from safeload.errors import Blocked, NotLoaded, SafeloadError, Stop

_MANY = 100  # messages kept for the end; all of them are in the audit log

_unsaid: deque[str] = deque(maxlen=_MANY)


def as_error(stop: Stop) -> SafeloadError:
    """The public error for a stop: the one it carries outwards, or a `Blocked`."""
    if isinstance(stop.cause, SafeloadError):
        return stop.cause
    return Blocked(str(stop), next=stop.next)


def outwards(error: NotLoaded, *, nested: bool) -> BaseException:
    """Inside another library's load, a `Stop`: libraries swallow `Exception` and try again another way."""
    return Stop(str(error), cause=error) if nested else error


def note(message: str) -> None:
    """Something was stopped: to be said at the end of the cell or script, if no error says it before."""
    if message not in _unsaid:
        _unsaid.append(message)


def said(error: BaseException | None) -> None:
    """The error was shown, with what led to it: what these say, nobody needs to say again."""
    seen: list[BaseException] = []
    while error is not None and not any(error is one for one in seen):
        seen.append(error)
        shown = str(error)
        for message in tuple(_unsaid):
            if message in shown:
                _unsaid.remove(message)
        error = error.__cause__ or error.__context__


def swallowed() -> tuple[str, ...]:
    """What was stopped and never shown, since the last call."""
    taken = []
    while _unsaid:
        taken.append(_unsaid.popleft())
    return tuple(taken)
