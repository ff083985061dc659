"""`safeload approve`: say yes to exactly these bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from safeload.cli import options as o
from safeload.cli.settle import settle


def approve(
    target: o.Target,
    reason: o.ReasonOption,
    format: o.FormatOption = o.Format.TEXT,
    policy: o.PolicyOption = None,
    loader: o.LoaderOption = "",
    trust_remote_code: o.RemoteCodeOption = False,
    revision: o.RevisionOption = None,
    option: o.LoadOption = None,
    unsafe_override: Annotated[
        bool, typer.Option("--unsafe-override", help="Approve what is blocked, where the policy lets you.")
    ] = False,
) -> int:
    """Approve exactly the bytes that are there.

    Downloads and scans them, remembers and logs the decision. Nothing is loaded.

    Exit code: 0 approved, 1 refused because the policy blocks it, 2 error.
    """
    call = o.call_of(target, revision=revision, loader=loader, trust=trust_remote_code, options=option)
    return settle(call, allow=True, reason=reason, policy=policy, format=format, unsafe_override=unsafe_override)
