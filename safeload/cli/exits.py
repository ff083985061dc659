"""The exit codes: a stable contract."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Final, Iterable

if TYPE_CHECKING:
    from safeload.policy.interface import Action

ALLOW: Final = 0  # also: done
BLOCK: Final = 1
ERROR: Final = 2
ASK: Final = 3
INTERRUPTED: Final = 130  # as shells say it: 128 and SIGINT

# From the strictest to the mildest: what counts when several targets end differently.
_STRICTEST_FIRST = (BLOCK, ERROR, ASK, ALLOW)


def of_action(action: Action) -> int:
    return {"allow": ALLOW, "ask": ASK, "block": BLOCK}[action.value]


def strictest(codes: Iterable[int]) -> int:
    """The one code for several targets. Nothing looked at is an error: an empty answer never allows."""
    seen = set(codes)
    return next((code for code in _STRICTEST_FIRST if code in seen), ERROR)
