"""How every command ends: with an exit code, whatever it raised."""

from __future__ import annotations

import sys

from safeload.cli import errors, exits
from safeload.errors import SafeloadError
from safeload.lean import Callable


def ended(command: Callable[[], int]) -> int:
    """Run it; its exit code. `SystemExit` comes only from a script under `run`."""
    try:
        code = command()
        _flush()
        return code
    except SafeloadError as error:
        return errors.failed(error)
    except errors.Undelivered as error:
        return errors.undelivered(error)


def interruptible(command: Callable[[], int]) -> int:
    try:
        return command()
    except KeyboardInterrupt:
        errors.say("safeload: Interrupted. Nothing was loaded.")
        return exits.INTERRUPTED


def _flush() -> None:
    """A full disk or a reader that went away shows only here, at the latest."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise errors.Undelivered(error) from error
