"""The command line: which subcommands there are."""

from __future__ import annotations

import functools
import sys
from typing import Annotated

import typer
from typer.core import TyperCommand

import safeload
from safeload.cli import errors
from safeload.cli.approve import approve
from safeload.cli.convert import convert
from safeload.cli.deny import deny
from safeload.cli.disable import disable
from safeload.cli.enable import enable
from safeload.cli.ending import ended, interruptible
from safeload.cli.log import log
from safeload.cli.review import review
from safeload.cli.run import RunCommand, run
from safeload.cli.scan import scan
from safeload.cli.status import status
from safeload.lean import Any, Callable, Final, Sequence

# Each returns its exit code.
COMMANDS: Final[tuple[Callable[..., int], ...]] = (
    *(scan, review, run, approve, deny, convert),
    *(enable, disable, status, log),
)

# Typer carries its own copy of click, or uses click's, by version: the base of what it raises for a wrong command line.
_Problem: Any = typer.BadParameter.__mro__[2]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"safeload {safeload.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """What would loading this model run? Look, decide, load exactly that.

    Exit codes: 0 allow, 1 block, 3 decision needed, 2 error. Several
    targets: the strictest of block, error, ask, allow.
    """


def application() -> typer.Typer:
    """The typer app, built when it is needed."""
    app = typer.Typer(
        name="safeload",
        callback=_root,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for command in COMMANDS:
        plain = command is not run
        read = app.command(
            cls=TyperCommand if plain else RunCommand, context_settings={"allow_interspersed_args": plain}
        )
        read(_later(command))
    return app


def _later(command: Callable[..., int]) -> Callable[..., Callable[[], int]]:
    """The command with its arguments, to be called when typer is done: what it raises is not typer's to change."""

    @functools.wraps(command)
    def read(**given: Any) -> Callable[[], int]:
        return functools.partial(command if command is run else _interruptible, **given)

    def _interruptible(**given: Any) -> int:
        # But not a script's, which ends as under Python.
        return interruptible(functools.partial(command, **given))

    return read


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. `SystemExit` comes only from a script under `run`."""
    if argv is None:
        sys.excepthook = errors.crash
    return ended(lambda: _read(sys.argv[1:] if argv is None else list(argv))())


def _read(args: list[str]) -> Callable[[], int]:
    """What the command line asks for.

    Not through typer's own `main`: that one turns Ctrl-C, end of input or a closed pipe into exit codes of its own.
    """
    command = typer.main.get_command(application())
    try:
        with command.make_context("safeload", args) as context:
            wanted: Callable[[], int] = command.invoke(context)
            return wanted
    except typer.Exit as leave:
        code = int(leave.exit_code)
    except _Problem as problem:
        problem.show()
        code = int(problem.exit_code)
    except OSError as error:  # of the help that was just written
        raise errors.Undelivered(error) from error
    return lambda: code
