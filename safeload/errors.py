"""Every error that safeload raises on purpose, as one tree.

SafeloadError                    code, message, next: whose fault it is, and what to do
├── UsageError                   the caller asked for something that has no meaning
├── PolicyError                  a policy file is wrong (line, caret, nearest known key)
├── NotConverted                 a pickle's tensors cannot be had, or not all of them
├── StateError                   SAFELOAD_HOME cannot be read or written, or is damaged
├── SourceError                  the place where the model lives did not deliver
│   ├── NotFound                 no such repository, revision, file
│   ├── AccessDenied             gated or private, and no token that opens it
│   ├── Unreachable              down, too slow, cut off in the middle
│   ├── Misbehaved               the server answered, and the answer was wrong
│   └── Changed                  a file is not the one that was looked at
└── NotLoaded                    a load was stopped; nothing of the model ran
    ├── Blocked                  the policy says no
    ├── Denied                   a person said no
    └── DecisionNeeded           somebody has to decide, and nobody could be asked

Malformed                        bytes that are not what they claim to be; never leaves a parser's caller
Stop                             what the audit hook raises: a BaseException, since libraries swallow Exception
"""

from __future__ import annotations

from safeload.lean import ClassVar

__all__ = [
    "AccessDenied",
    "Blocked",
    "Changed",
    "DecisionNeeded",
    "Denied",
    "Malformed",
    "Misbehaved",
    "NotConverted",
    "NotFound",
    "NotLoaded",
    "PolicyError",
    "SafeloadError",
    "SourceError",
    "StateError",
    "Stop",
    "Unreachable",
    "UsageError",
]


class SafeloadError(Exception):
    """An error with a stable code, one sentence of what happened, and one of what to do next."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, next: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next = next

    def __str__(self) -> str:
        return f"{self.message} {self.next}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Crosses process pools: keyword arguments are lost by the default.
        return (_rebuild, (type(self), self.message, self.next))

    def _render_traceback_(self) -> list[str]:
        """One line in IPython instead of a stack: the frames are ours and help nobody."""
        return [f"{type(self).__name__}: {_visible(str(self))}"]


def _visible(text: str) -> str:
    """Names in a message may come from a repository: what does not print is shown escaped."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def _rebuild(kind: type[SafeloadError], message: str, next: str) -> SafeloadError:
    return kind(message, next=next)


class UsageError(SafeloadError):
    """The caller asked for something that has no meaning."""

    code = "usage"


class PolicyError(SafeloadError):
    """A policy file is wrong; the message points at the place."""

    code = "policy"


class NotConverted(SafeloadError):
    """A pickle's tensors cannot be had, or not all of them; nothing was written."""

    code = "not-converted"


class StateError(SafeloadError):
    """SAFELOAD_HOME cannot be read or written, or is damaged."""

    code = "state"


class SourceError(SafeloadError):
    """The place where the model lives did not deliver."""

    code = "source"


class NotFound(SourceError):
    """No such repository, revision or file."""

    code = "not-found"


class AccessDenied(SourceError):
    """Gated or private, and no token that opens it."""

    code = "access-denied"


class Unreachable(SourceError):
    """Down, too slow, or cut off in the middle."""

    code = "unreachable"


class Misbehaved(SourceError):
    """The server answered, and the answer was wrong. `file` is where the wrong bytes lie, "" where none do."""

    code = "misbehaved"
    file: str = ""


class Changed(SourceError):
    """A file is not the one that was looked at."""

    code = "changed"


class NotLoaded(SafeloadError):
    """A load was stopped; nothing of the model ran."""

    code = "not-loaded"
    exit_code = 1


class Blocked(NotLoaded):
    """The policy says no."""

    code = "blocked"


class Denied(NotLoaded):
    """A person said no."""

    code = "denied"


class DecisionNeeded(NotLoaded):
    """Somebody has to decide, and nobody could be asked."""

    code = "decision-needed"
    exit_code = 3


class Malformed(ValueError):
    """Bytes that are not what they claim to be. The engine turns it into an `Unscanned`."""


class Stop(BaseException):
    """Raised by the audit hook in the middle of somebody else's code; wrappers turn it into `NotLoaded`.

    `cause` is the error that it carries outwards, past libraries that swallow `Exception`; `next` what to do.
    """

    def __init__(
        self, message: str, *, module: str = "", name: str = "", next: str = "", cause: SafeloadError | None = None
    ) -> None:
        super().__init__(message)
        self.module = module
        self.name = name
        self.next = next
        self.cause = cause

    def __reduce__(self) -> tuple[object, ...]:
        # In another process it is an ordinary error, which the code that waits there can catch.
        cause = self.cause
        return (_rebuild, (type(cause), cause.message, cause.next) if cause else (Blocked, str(self), self.next))

    def _render_traceback_(self) -> list[str]:
        return [f"Blocked: {_visible(str(self))}"]
