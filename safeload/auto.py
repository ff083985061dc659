"""`import safeload.auto`: the one line that guards a script."""

from __future__ import annotations

import os
import sys
import threading

from safeload import patch, telling
from safeload.errors import SafeloadError, Stop
from safeload.guard import stops
from safeload.lean import TYPE_CHECKING
from safeload.report.words import error_line
from safeload.startup import CHILD
from safeload.terminal import TerminalDecider

if TYPE_CHECKING:
    from types import TracebackType


def activate() -> None:
    """Guard this process, ask on a terminal, and end a stopped script with one message and the exit code.

    What a guarded process starts is under the policy that this one was given.
    """
    given = os.environ.get(CHILD, "-")
    patch.install(policy=None if given == "-" else given, decider=TerminalDecider())
    if sys.excepthook is not _excepthook:
        global _previous, _previous_in_threads
        _previous, _previous_in_threads = sys.excepthook, threading.excepthook
        sys.excepthook, threading.excepthook = _excepthook, _thread_excepthook


_previous = sys.__excepthook__
_previous_in_threads = threading.__excepthook__


def report(error: BaseException) -> int | None:
    """Say a stop or one of our errors in one message on stderr; its exit code, or None for anything else."""
    if isinstance(error, Stop):
        telling.flush_stops()
        error = stops.as_error(error)
    if not isinstance(error, SafeloadError):
        return None
    stops.said(error)
    sys.stderr.write(f"safeload: {error_line(error)}\n")
    return error.exit_code


def _excepthook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    code = _interrupted(error, traceback) or report(error)
    if code is None:
        _previous(kind, error, traceback)
        return
    # CPython takes the exit code from a SystemExit that leaves the hook, and ends in the ordinary way.
    raise SystemExit(code)


def _thread_excepthook(args: threading.ExceptHookArgs) -> None:
    # The thread ends, and the script goes on without it, as with any error of a thread.
    if args.exc_value is None or report(args.exc_value) is None:
        _previous_in_threads(args)


def _interrupted(error: BaseException, traceback: TracebackType | None) -> int | None:
    """Ctrl-C in answer to our own question needs no stack of ours."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    asking = traceback is not None and traceback.tb_frame.f_globals.get("__name__") == "safeload.terminal"
    if not isinstance(error, KeyboardInterrupt) or not asking:
        return None
    sys.stderr.write("\nsafeload: Interrupted. Nothing was loaded.\n")
    return 130


activate()
