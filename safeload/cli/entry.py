"""Where the program starts: `scan` of what lies on this machine takes a short way, all else the whole command line.

Nearly all the time that such a scan takes goes into imports. So the worker starts before them, to get ready beside
them, and the library that reads options is left out where there are none.
"""

from __future__ import annotations

import os
import sys

from safeload.lean import Final, Iterator, NoReturn, Sequence

_SMALL: Final = 16 << 20  # bytes
_LOOK: Final = 64  # names of a folder, which tell what else may be in it


def program() -> NoReturn:
    """The console script: `main`, then away at once.

    Taking an interpreter down takes a tenth of such a scan. The report is written by then, and the workers are killed.
    """
    targets = local_scan(sys.argv[1:])
    if targets is None:
        sys.exit(main())
    from safeload.parsers.sandbox import forked

    if _are_small(targets):
        forked.begin()
    code = scan(targets)
    from safeload.parsers.sandbox import workers

    workers.kill()
    os._exit(code)


def main() -> int:
    """The exit code."""
    targets = local_scan(sys.argv[1:])
    if targets is None:
        from safeload.cli.main import main as whole

        return whole()
    return scan(targets)


def local_scan(args: Sequence[str]) -> list[str] | None:
    """The targets, if this is `scan` of files and folders that are here, without options."""
    if len(args) < 2 or args[0] != "scan":
        return None
    targets = list(args[1:])
    here = all(not target.startswith("-") and "\0" not in target and os.path.lexists(target) for target in targets)
    return targets if here else None


def scan(targets: list[str]) -> int:
    """As `safeload scan TARGET...` through the whole command line."""
    import gc

    from safeload.parsers.sandbox import workers

    gc.set_threshold(100_000)  # what is imported stays; looking through it for garbage took a tenth of the time
    workers.soon(_paths(targets))
    from safeload.cli import errors
    from safeload.cli.calls import Format, call_of
    from safeload.cli.ending import ended, interruptible
    from safeload.cli.look import look

    sys.excepthook = errors.crash
    _meanwhile()

    def run() -> int:
        return look(targets, call_of, signals=False, policy=None, format=Format.TEXT, output=None)

    return ended(lambda: interruptible(run))


def _are_small(targets: Sequence[str]) -> bool:
    """Then the worker's start is what takes the time; large files are read faster by one that was started for that."""
    return all(os.path.getsize(path) < _SMALL for path in _paths(targets) if os.path.isfile(path))  # noqa: PTH113, PTH202


def _paths(targets: Sequence[str]) -> Iterator[str]:
    for target in targets:
        if os.path.isdir(target):  # noqa: PTH112
            yield from (os.path.join(target, name) for name in os.listdir(target)[:_LOOK])  # noqa: PTH118, PTH208
        else:
            yield target


def _meanwhile() -> None:
    """What most files need, made ready while the worker starts, which takes longer than all of this."""
    from safeload.guard.loaders import pickle  # noqa: F401
    from safeload.report import text  # noqa: F401
    from safeload.scanners import names, pickle_rules  # noqa: F401
    from safeload.scanners import pickle as judging  # noqa: F401

    names.classify("numpy", "ndarray")


if __name__ == "__main__":
    program()
