"""What a worker's exit status says about the file that it was reading."""

from __future__ import annotations

from safeload.lean import Final
from safeload.parsers.facts import GapReason

OUT_OF_MEMORY: Final = 77


def death(code: int | None) -> tuple[GapReason, str]:
    """What an exit status says about the file that was being read."""
    if code is not None and code < 0:
        import signal

        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        if name == "SIGXCPU":
            return GapReason.LIMIT, "it took more CPU time than a file is given"
        if name == "SIGKILL":
            return GapReason.LIMIT, "the system ended the worker (SIGKILL: memory, or CPU time)"
        return GapReason.CRASHED, f"the worker died while reading it ({name})"
    if code == OUT_OF_MEMORY:
        return GapReason.LIMIT, "it took more memory than a file is given"
    return GapReason.CRASHED, f"the worker ended while reading it (exit status {code})"
