"""What is stopped in a child process reaches the audit log before that process ends.

A forked child of `multiprocessing` leaves by `os._exit`, which runs nothing that its parent registered for the end.
"""

from __future__ import annotations

import os
import sys

from safeload import startup
from safeload.guard import hook, stops
from safeload.lean import Any, Final
from safeload.policy.presets import PRESETS
from safeload.telling import tell_swallowed

MODULES: Final = frozenset({"multiprocessing.util", "multiprocess.util"})
_LAST: Final = 100  # priority: finalizers with a higher one run first; all with one run before the child leaves

_watched: list[str] = []
_forks: list[bool] = []


def begin(policy: str) -> None:
    """Tell children under which policy this process is guarded, and see to it that what they stop is written down."""
    # A child may start in another folder.
    named = policy in PRESETS or not policy
    os.environ[startup.CHILD] = policy or "-" if named else os.path.abspath(os.path.expanduser(policy))  # noqa: PTH100, PTH111
    if not _forks and hasattr(os, "register_at_fork"):
        _forks.append(True)
        os.register_at_fork(after_in_child=_forget)
    watch()


def end() -> None:
    """Children are no longer told. What watches stays, and finds nothing to write."""
    os.environ.pop(startup.CHILD, None)


def watch() -> None:
    """Follow the forks of `multiprocessing` and `multiprocess`, if they are imported by now."""
    for name in sorted(MODULES - set(_watched)):
        util: Any = sys.modules.get(name)
        if hasattr(util, "register_after_fork") and hasattr(util, "Finalize"):
            _watched.append(name)
            # Called in the child once it has dropped what its parent had registered.
            util.register_after_fork(util, _at_the_end)


def _at_the_end(util: Any) -> None:
    util.Finalize(None, tell_swallowed, exitpriority=_LAST)


def _forget() -> None:
    """The parent's stops are the parent's to write down."""
    hook.collect()
    stops.swallowed()
