"""What is known of something that a load reaches for: was it approved, would it raise a question?"""

from __future__ import annotations

from safeload.deciding import is_approved
from safeload.errors import SafeloadError
from safeload.policy.interface import Action, Policy
from safeload.sources.interface import Call


def approved(call: Call, *, policy: Policy) -> bool:
    """Did somebody approve this repository, as it is now, for a call of its own?"""
    from safeload import pipeline

    try:
        return is_approved(pipeline.scan(call, policy=policy))
    except SafeloadError:
        return False


def question(call: Call, *, policy: Policy) -> str:
    """Why this could not be loaded without a question; "" where it could."""
    from safeload import pipeline

    try:
        found = pipeline.scan(call, policy=policy)
    except SafeloadError as error:
        return str(error)
    if found.verdict.action is Action.ALLOW or is_approved(found):
        return ""
    return next((r.text for r in found.verdict.reasons if r.action is found.verdict.action), "Nothing allows it.")
