"""The policies that come with safeload.

What all of them share: a gap is never allowed, since nobody knows what was not read; no clause looks at a signal, since
the same bytes must give the same verdict on every machine, with and without a network.
"""

from __future__ import annotations

from types import MappingProxyType

from safeload.lean import Final, Mapping
from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Policy
from safeload.scanners.interface import Severity

__all__ = ["DEFAULT", "LENIENT", "PRESETS", "STANDARD", "STRICT"]

# Code of a repository that the load needs: it runs by design, so a person says whether it may, whatever its severity.
_REMOTE: Final = MappingProxyType({"remote-code": Action.ASK, "remote-kernel": Action.ASK})

_BY_SEVERITY: Final = MappingProxyType(
    {
        Severity.CRITICAL: Action.BLOCK,
        Severity.HIGH: Action.BLOCK,
        Severity.MEDIUM: Action.ASK,
        Severity.LOW: Action.ALLOW,
    }
)

# Everything that is not clean stops the load, and nobody can wave it through. What is loaded nobody can change.
STRICT: Final = Policy(
    name="strict",
    findings=MappingProxyType(dict.fromkeys(Severity, Action.BLOCK)),
    gaps=MappingProxyType(dict.fromkeys(GapReason, Action.BLOCK)),
    nothing_to_load=Action.BLOCK,
    sealed=True,
)

# What is dangerous or runs is stopped; what is not known is a person's decision.
STANDARD: Final = Policy(
    name="standard",
    findings=_BY_SEVERITY,
    gaps=MappingProxyType(dict.fromkeys(GapReason, Action.ASK)),
    nothing_to_load=Action.ASK,
    rules=_REMOTE,
)

# `standard`, except that a person may approve what it blocks, by `--unsafe-override` with a reason, which is logged.
# No question is dropped: an unknown name or an unread file that nobody is asked about is how other gates were passed.
LENIENT: Final = Policy(
    name="lenient",
    findings=_BY_SEVERITY,
    gaps=MappingProxyType(dict.fromkeys(GapReason, Action.ASK)),
    nothing_to_load=Action.ASK,
    rules=_REMOTE,
    unsafe_override=True,
)

PRESETS: Final[Mapping[str, Policy]] = MappingProxyType({p.name: p for p in (STRICT, STANDARD, LENIENT)})
DEFAULT: Final = STANDARD
