"""A child process, without `subprocess`, which takes longer to import than a worker takes to start."""

from __future__ import annotations

import os
import time

from safeload.lean import Final, Mapping

_LOST: Final = 255  # the exit status of a child that somebody else has waited for


class Child:
    """`command` with `stdin` as its descriptor 0, and nowhere to write. Raises `OSError`.

    What this process was given without close-on-exec, and the folder it is in, are the child's own to leave.
    """

    def __init__(self, command: list[str], *, stdin: int, environment: Mapping[str, str]) -> None:
        silent = [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_WRONLY, 0) for n in (1, 2)]
        actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), *silent]
        self.pid: int = os.posix_spawn(command[0], command, environment, file_actions=actions)
        self.code: int | None = None

    @classmethod
    def known(cls, pid: int) -> Child:
        """One that runs already."""
        made = cls.__new__(cls)
        made.pid, made.code = pid, None
        return made

    def poll(self, *, wait: bool = False) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.code is None:
            try:
                pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
            except ChildProcessError:
                self.code = _LOST
            else:
                self.code = os.waitstatus_to_exitcode(status) if pid else None
        return self.code

    def ended(self, *, seconds: float) -> int | None:
        """As `poll`, after at most so long."""
        until = time.monotonic() + seconds
        while self.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        return self.code

    def kill(self, *, wait: bool = True) -> None:
        """End it, and wait until it is gone."""
        if self.poll() is None:
            os.kill(self.pid, 9)
            if wait:
                self.poll(wait=True)
