"""What a command line names, as a call."""

from __future__ import annotations

from enum import Enum

from safeload.errors import UsageError
from safeload.lean import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from safeload.sources.interface import Call


class Format(str, Enum):
    TEXT = "text"
    JSON = "json"


def call_of(
    target: str,
    *,
    revision: str | None = None,
    loader: str = "",
    trust: bool = False,
    options: Sequence[str] | None = None,
) -> Call:
    """What the user asked about. Raises `UsageError`."""
    from safeload.guard.loaders.calls import call_for

    if not target.strip():
        raise UsageError("An empty target names nothing.", next="Name a file, a folder, or org/name.")
    pairs = dict(_pair(option) for option in options or ())
    return call_for(target, revision=revision, loader=loader, trust_remote_code=trust, options=pairs)


def _pair(option: str) -> tuple[str, str | bool]:
    from safeload.decisions.command import SCOPING

    key, separator, value = option.partition("=")
    if not separator or key not in SCOPING:
        raise UsageError(f"--option {option!r} is not understood.", next=f"Known: {', '.join(SCOPING)}, as KEY=VALUE.")
    # As the approve command that safeload prints spells Python's own values.
    return key, {"true": True, "false": False}.get(value.lower(), value)
