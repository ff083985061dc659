"""`safeload disable`: an environment as it was before `safeload enable`."""

from __future__ import annotations

from safeload.cli import exits
from safeload.cli import options as o
from safeload.cli.enable import PythonOption, UserOption
from safeload.cli.output import Output


def disable(reason: o.ReasonOption, python: PythonOption = None, user: UserOption = False) -> int:
    """Take out the files that safeload enable has put there.

    The reason is written into the log first. Processes that run already
    stay guarded.

    Exit code: 0 done, 2 error.
    """
    import getpass

    from safeload import activation, home
    from safeload.auditlog import AuditLog
    from safeload.errors import UsageError

    if not reason.strip():
        raise UsageError("Nothing was changed: no reason was given.", next='Say why: --reason "…".')
    place = activation.environment(python, user=user)
    folder = place.user if user else place.packages
    with Output(None) as out:
        if not activation.found(folder).files:
            out.write(f"Nothing is activated by {folder}\n")
            return exits.ALLOW
        AuditLog(home.ready()).append("disabled", who=getpass.getuser(), reason=reason.strip(), folder=str(folder))
        activation.disable(folder)
        out.write(f"No longer activated: Python {place.version} in {place.prefix}\n")
    return exits.ALLOW
