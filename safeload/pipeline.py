"""The program on one page: Source -> Snapshot -> Report -> Assessment -> Verdict -> Decision -> Grant -> model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safeload.decisions.interface import Decider, DeciderKind, Decision
from safeload.policy.interface import Policy, Review
from safeload.sources.interface import Call, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load gave: the review of the local bytes, who decided, and the objects by name (`model`, `tokenizer`)."""

    review: Review
    decision: Decision
    objects: Mapping[str, Any]


def scan(call: Call, *, policy: Policy, progress: Progress | None = None) -> Review:
    """Look at the files that `call` would open; no signals. Raises `SafeloadError`."""
    return review(call, policy=policy, progress=progress, signals=False)


def review(call: Call, *, policy: Policy, progress: Progress | None = None, signals: bool = True) -> Review:
    """`scan`, and what else is known about the model. Nothing of it is downloaded whole, loaded or run."""
    raise NotImplementedError


def decide(review: Review, *, decider: Decider | None) -> Decision:
    """A remembered decision, the policy's, or a person's; logged. Raises `Blocked`, `Denied`, `DecisionNeeded`."""
    raise NotImplementedError


def load(call: Call, *, policy: Policy, decider: Decider | None = None, progress: Progress | None = None) -> Loaded:
    """Review by ranges, decide, fetch, scan the local bytes, decide again if they differ, grant, load."""
    raise NotImplementedError


def settle(
    call: Call,
    *,
    policy: Policy,
    allow: bool,
    note: str,
    who: str,
    kind: DeciderKind,
    unsafe_override: bool = False,
    progress: Progress | None = None,
) -> tuple[Review, Decision]:
    """Approve or deny without loading: fetch, scan the local bytes, remember and log the decision about exactly them.

    Raises `Blocked` for an approval of what the policy blocks, unless it allows an override and one is given.
    """
    raise NotImplementedError
