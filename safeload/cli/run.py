"""`safeload run`: a script as Python would run it, with every load guarded."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
import threading
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer
from typer.core import TyperCommand

from safeload.cli import exits
from safeload.cli import options as o
from safeload.cli.errors import failed
from safeload.errors import SafeloadError, Stop, UsageError
from safeload.lean import Any

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120  (as code objects spell it)


class RunCommand(TyperCommand):
    """What stands behind `-m MODULE` belongs to the module, as with Python itself."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _divided(args))


def _divided(args: list[str]) -> list[str]:
    """A `--` behind the module's name, so that nothing after it is taken for an option of ours."""
    i = 0
    while i < len(args) and args[i].startswith("-") and args[i] != "--":
        if args[i] == "-m":
            return [*args[: i + 2], "--", *args[i + 2 :]]
        if args[i].startswith("-m"):
            return [*args[: i + 1], "--", *args[i + 1 :]]
        i += 2 if args[i] == "--policy" else 1
    return args


def run(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="SCRIPT [ARGS]...", help="The script, and what it is given.")
    ] = None,
    module: Annotated[str, typer.Option("-m", metavar="MODULE", help="Run a module instead, like python -m.")] = "",
    policy: o.PolicyOption = None,
) -> int:
    """Run a script with its model loads guarded.

    Clean loads go through in silence. On a terminal it asks y/N.

    Exit code: the script's own; 1 when a load was blocked, 3 when somebody has to decide.
    """
    rest = list(words or ())
    if not module and not rest:
        raise UsageError("Nothing to run.", next="Name a script, or a module with -m.")
    return _guarded(module, "" if module else rest.pop(0), rest, policy)


def _guarded(module: str, script: str, args: list[str], policy: str | None) -> int:
    """The script's frames start here; `SystemExit` and its own exceptions pass through."""
    from safeload import patch, telling
    from safeload.guard import stops
    from safeload.terminal import TerminalDecider

    if script:
        _check(script)
    patch.install(policy=policy, decider=TerminalDecider())
    sys.excepthook, threading.excepthook = _excepthook, _thread_excepthook
    try:
        _module(module, args) if module else _script(script, args)
    except SafeloadError as error:
        stops.said(error)
        return failed(error)
    except Stop as stop:
        telling.flush_stops()
        stops.said(stop)
        return failed(stops.as_error(stop))
    finally:
        telling.flush_stops()
    return exits.ALLOW


def _check(script: str) -> None:
    path = Path(script)
    try:
        if path.is_dir():
            if not (path / "__main__.py").is_file():
                raise UsageError(f"The folder {script!r} has no __main__.py.", next="Name a script.")
            return
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"{script!r} cannot be opened ({why}).", next="Check the script's path.") from None


def _script(script: str, args: list[str]) -> None:
    path = Path(script)
    sys.argv = [script, *args]
    if path.is_dir() or zipfile.is_zipfile(path):
        _first_on_path(None)  # runpy puts the folder or archive itself there
    else:
        _first_on_path(str(path.resolve().parent))
    runpy.run_path(str(path.absolute()), run_name="__main__")


def _module(name: str, args: list[str]) -> None:
    sys.argv = [name, *args]
    _first_on_path(os.getcwd())  # noqa: PTH109  (as Python spells it)
    try:
        found = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError) as error:
        raise UsageError(f"No module named {name!r} ({error}).", next="Check the name behind -m.") from None
    if found is None:
        raise UsageError(f"No module named {name!r}.", next="Check the name behind -m.")
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _first_on_path(folder: str | None) -> None:
    """What Python would have put first, instead of what it put there for us."""
    if getattr(sys.flags, "safe_path", False):
        return  # it would have put nothing there (-P, -I)
    sys.path[:1] = [] if folder is None else [folder]


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The script's traceback as Python would show it: without the frames that started it."""
    while trace is not None and _starts_it(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def _thread_excepthook(args: threading.ExceptHookArgs) -> None:
    """A stop in a thread of the script, in one message; the thread ends, as with any error."""
    from safeload import telling
    from safeload.guard import stops

    telling.flush_stops()
    error = stops.as_error(args.exc_value) if isinstance(args.exc_value, Stop) else args.exc_value
    if isinstance(error, SafeloadError):
        stops.said(error)
        failed(error)
    else:
        threading.__excepthook__(args)


def _starts_it(filename: str) -> bool:
    ours = filename.startswith(_OURS) or os.path.basename(filename) == "safeload"  # noqa: PTH119  (the entry point)
    return ours or filename in ("<frozen runpy>", runpy.__file__)
