"""`safeload deny`: say no to exactly these bytes."""

from __future__ import annotations

from safeload.cli import options as o
from safeload.cli.settle import settle


def deny(
    target: o.Target,
    reason: o.ReasonOption,
    format: o.FormatOption = o.Format.TEXT,
    policy: o.PolicyOption = None,
    loader: o.LoaderOption = "",
    trust_remote_code: o.RemoteCodeOption = False,
    revision: o.RevisionOption = None,
    option: o.LoadOption = None,
) -> int:
    """Deny exactly the bytes that are there.

    Downloads and scans them, remembers and logs the decision: nobody is asked about them again.

    Exit code: 0 denied, 2 error.
    """
    call = o.call_of(target, revision=revision, loader=loader, trust=trust_remote_code, options=option)
    return settle(call, allow=False, reason=reason, policy=policy, format=format)
