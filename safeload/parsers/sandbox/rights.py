"""What the worker gives up before it reads its first hostile byte.

Each right that could not be given up is named, so that `safeload status` can say so.
"""

from __future__ import annotations

import sys

from safeload.lean import Any, Callable, Final, record

_DESCRIPTORS: Final = 16
# Events of an interpreter that only computes. Everything else is refused: files, sockets, processes, imports, code.
HARMLESS: Final = frozenset(
    {
        "array.__new__",
        "builtins.id",
        "compile",  # Python's text to a syntax tree; running code is `exec`, which stays refused
        "gc.get_objects",
        "object.__getattr__",
        "object.__setattr__",
        "resource.setrlimit",
        "sys._getframe",
        "sys.excepthook",
        "sys.unraisablehook",
    }
)


@record(frozen=True, slots=True, kw_only=True)
class Rights:
    """What could be given up (`had`), and what this system does not offer (`missing`)."""

    had: tuple[str, ...]
    missing: tuple[str, ...]


def give_up(*, memory: int) -> Rights:
    """For good: nothing here can be taken back by the process itself."""
    from safeload.parsers.sandbox import seccomp

    steps: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("memory limit", lambda: _limit("RLIMIT_AS", memory)),
        ("no files written", lambda: _limit("RLIMIT_FSIZE", 0)),
        ("no core dumps", lambda: _limit("RLIMIT_CORE", 0)),
        ("few descriptors", lambda: _limit("RLIMIT_NOFILE", _DESCRIPTORS)),
        ("system calls filtered", seccomp.install),
        ("audit hook", _deny),
    )
    done = {name: step() for name, step in steps}
    return Rights(
        had=tuple(name for name, had in done.items() if had),
        missing=tuple(name for name, had in done.items() if not had),
    )


def cpu(seconds: float, *, used: float) -> None:
    """Let the process run `seconds` more of CPU time from now; then the kernel ends it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _limit(name: str, value: int) -> bool:
    import resource

    kind = getattr(resource, name, None)
    if kind is None:
        return False
    try:
        resource.setrlimit(kind, (value, value))
    except (ValueError, OSError):
        return False
    return True


def _deny() -> bool:
    harmless = HARMLESS

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in harmless:
            raise PermissionError(f"a worker may not do this: {event}")

    sys.addaudithook(hook)
    return True
