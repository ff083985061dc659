"""`safeload enable`: every interpreter of an environment is guarded from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from safeload.cli import exits
from safeload.cli.output import Output
from safeload.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.activation import Environment

PythonOption = Annotated[
    str | None,
    typer.Option("--python", metavar="PYTHON", help="The interpreter of another environment. Default: this one's."),
]
UserOption = Annotated[bool, typer.Option("--user", help="The files of this user alone; not read under python -I.")]
ChildrenOption = Annotated[
    bool, typer.Option("--children", help="Only the processes that a guarded process starts, and no others.")
]


def enable(python: PythonOption = None, user: UserOption = False, children: ChildrenOption = False) -> int:
    """Guard every interpreter of an environment from its start on.

    Puts three small files into its site-packages; nothing else changes.
    Then spawned children and python -I are guarded too; not python -S.
    Taken back by safeload disable.

    Exit code: 0 done, 2 error.
    """
    import getpass

    from safeload import activation, home, startup
    from safeload.auditlog import AuditLog

    place = activation.environment(python, user=user)
    folder = folder_of(place, user=user)
    new = activation.enable(folder, mode=startup.CHILDREN if children else startup.ALWAYS)
    if new:
        AuditLog(home.ready()).append("enabled", who=getpass.getuser(), folder=str(folder), children_only=children)
    with Output(None) as out:
        which = "children of guarded processes" if children else "every process"
        done = "Activated" if new else "Activated already"
        out.write(f"{done}: {which} of Python {place.version} in {place.prefix}\n")
        out.write(f"  by {folder}\n")
        if user:
            out.write("  not under python -I or -s, nor in virtual environments: those do not read a user's packages\n")
        out.write("  not under python -S; what runs already is as it was\n")
    return exits.ALLOW


def folder_of(place: Environment, *, user: bool) -> Path:
    """Where the files go. Raises `UsageError` where they would do nothing, or belong to somebody else."""
    from safeload.errors import UsageError

    if not place.has_safeload:
        raise UsageError(
            f"{place.python} cannot import safeload when it is isolated (-I), so nothing there would be guarded.",
            next=f"Install it there first: {place.python} -m pip install safeload",
        )
    if place.managed and not user:
        raise UsageError(
            f"The packages of {place.prefix} belong to the operating system (EXTERNALLY-MANAGED); nothing was changed.",
            next="Use a virtual environment, or --user.",
        )
    return place.user if user else place.packages
