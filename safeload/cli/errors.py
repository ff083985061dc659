"""The one place where errors become exit codes."""

from __future__ import annotations

import os
import sys

from safeload.cli import exits
from safeload.errors import SafeloadError
from safeload.lean import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

MISTAKE: Final = "This is a mistake in safeload, not in what you typed."


class Undelivered(Exception):
    """Standard output cannot take the report. `told` is False when the reader has simply gone away."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.told = not isinstance(error, BrokenPipeError)


def say(text: str) -> None:
    """One message on stderr. Nothing is left to tell anybody when stderr is gone too."""
    from safeload.report.style import encodable

    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(encodable(f"{text}\n", stream.encoding or "ascii"))
        stream.flush()
    except OSError:
        mute(sys.stderr)


def failed(error: SafeloadError, *, target: str = "") -> int:
    """Say what went wrong, what to do next; the exit code."""
    from safeload.report.words import error_line, plain

    about = f" {plain(target, 200)}:" if target else ""
    say(f"safeload:{about} {error_line(error)}")
    return error.exit_code


def undelivered(error: Undelivered) -> int:
    mute(sys.stdout)
    if error.told:
        say(f"safeload: The report could not be written to standard output ({error}).")
    return exits.ERROR


def mute(stream: object) -> None:
    """Python flushes standard streams once more at exit, and complains when it cannot: give it somewhere to write."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is stream:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def mistaken(error: BaseException, *, target: str = "") -> None:
    """A mistake of ours, in full: whoever reports it needs the frames."""
    from safeload.report.words import plain, plain_lines

    about = f" {plain(target, 200)}:" if target else ""
    import traceback

    text = "".join(traceback.format_exception(error)).rstrip("\n")
    say("\n".join(plain_lines(text)))  # its message may say what a file says
    say(f"safeload:{about} {MISTAKE}")


def crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The end of the program by such a mistake, with the code of an error: Python's own code would read as a block."""
    mistaken(error.with_traceback(trace))
    raise SystemExit(exits.ERROR)
