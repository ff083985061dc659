"""The decider that asks y/N on a terminal."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
import threading

from safeload.decisions.interface import Answer, Decider
from safeload.lean import TextIO
from safeload.policy.interface import Action, Review
from safeload.report.style import Style, encodable
from safeload.report.words import plain

QUESTION = "Load it? [y/N] "
_one_at_a_time = threading.Lock()


class TerminalDecider(Decider):
    """Asks the person at the terminal; answers None where there is no terminal that somebody can type into."""

    def ask(self, review: Review) -> Answer | None:
        """The report on stderr, then the question. Only `y` or `yes` is a yes; Ctrl-C goes through."""
        stdin, stderr = sys.stdin, sys.stderr
        if not somebody_there(stdin, stderr) or threading.current_thread() is not threading.main_thread():
            return None
        with _one_at_a_time:
            _show(review, stderr)
            _forget_typed_ahead(stdin)
            stderr.write(QUESTION)
            stderr.flush()
            said = _line(stdin)
        if said in ("y", "yes"):
            return Answer(action=Action.ALLOW, who=person(), note="yes, at the terminal")
        # Not remembered: an empty line is no opinion that should hold tomorrow. `safeload deny` is.
        return Answer(action=Action.BLOCK, who=person(), note="no, at the terminal", remember=False)

    def show(self, review: Review) -> None:
        """A block in full, where somebody can read it. What is allowed goes through in silence."""
        if review.verdict.action is Action.BLOCK and sys.stderr is not None and sys.stderr.isatty():
            _show(review, sys.stderr)


def somebody_there(stdin: TextIO | None, stderr: TextIO | None) -> bool:
    """Both ends are a terminal, and this process is the one in front of it."""
    try:
        if stdin is None or stderr is None or not (stdin.isatty() and stderr.isatty()):
            return False
        # A background job that reads from its terminal is stopped by the kernel instead of being answered.
        return not hasattr(os, "tcgetpgrp") or os.tcgetpgrp(stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):  # closed, or no real file behind it
        return False


def person() -> str:
    """Who is asking or answering, as this machine knows it: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user without an entry
        user = f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    import socket

    return plain(f"{user}@{socket.gethostname()}", 100)


def _show(review: Review, stream: TextIO) -> None:
    from safeload.report.text import render

    style = Style.of(stream)
    stream.write(encodable(render(review, style=style), style.encoding))
    stream.write("\n")
    stream.flush()


def _forget_typed_ahead(stdin: TextIO) -> None:
    # What was typed or pasted before the question was seen does not answer it.
    try:
        import termios
    except ImportError:  # not POSIX
        return
    with contextlib.suppress(OSError, termios.error):
        termios.tcflush(stdin.fileno(), termios.TCIFLUSH)


def _line(stdin: TextIO) -> str:
    """One line, "" at the end of input or when it is not text."""
    try:
        return stdin.readline().strip().lower()
    except UnicodeDecodeError:
        return ""
