"""`safeload scan`: look at what a load would open."""

from __future__ import annotations

from safeload.cli import options as o
from safeload.cli.look import look, one_revision
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.sources.interface import Call


def scan(
    targets: o.Targets,
    format: o.FormatOption = o.Format.TEXT,
    output: o.OutputOption = None,
    policy: o.PolicyOption = None,
    loader: o.LoaderOption = "",
    trust_remote_code: o.RemoteCodeOption = False,
    revision: o.RevisionOption = None,
    option: o.LoadOption = None,
) -> int:
    """Look at exactly what a load would open.

    Of a folder: every file in it, unless --loader says whose load is meant. Nothing is loaded, nothing of it runs.

    Exit code: 0 allow, 1 block, 3 decision needed, 2 error.
    """
    one_revision(targets, revision)

    def call_of(target: str) -> Call:
        return o.call_of(target, revision=revision, loader=loader, trust=trust_remote_code, options=option)

    return look(targets, call_of, signals=False, policy=policy, format=format, output=output)
