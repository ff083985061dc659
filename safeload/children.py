"""Child processes are guarded too, and what is stopped in them reaches the audit log before they end.

A forked child is a copy of its guarded parent; it leaves by `os._exit`, which runs nothing that its parent registered
for the end. A spawned one, or one of a fork server, starts anew: the first that it reads of its parent, before the
user's own module is imported, turns the guard on there. Other children of an interpreter need activation.
"""

from __future__ import annotations

import functools
import os
import sys

from safeload import startup
from safeload.guard import hook, stops
from safeload.lean import Any, Final
from safeload.policy.presets import PRESETS
from safeload.telling import tell_swallowed

_UTILS: Final = frozenset({"multiprocessing.util", "multiprocess.util"})
_SPAWNS: Final = frozenset(
    {"multiprocessing.spawn", "multiprocess.spawn", "loky.backend.spawn", "joblib.externals.loky.backend.spawn"}
)
MODULES: Final = _UTILS | _SPAWNS
_LAST: Final = 100  # priority: finalizers with a higher one run first; all with one run before the child leaves

_watched: list[str] = []
_forks: list[bool] = []
_put_back: list[tuple[Any, Any]] = []


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
    """Children are no longer told, nor guarded. What watches forks stays, and finds nothing to write."""
    os.environ.pop(startup.CHILD, None)
    while _put_back:
        spawn, original = _put_back.pop()
        spawn.get_preparation_data = original


def watch() -> None:
    """Follow the children of `multiprocessing` and its likes, as far as they are imported by now."""
    for name in sorted(_SPAWNS & sys.modules.keys()):
        _guard_spawned(sys.modules[name])
    for name in sorted(_UTILS - set(_watched)):
        util: Any = sys.modules.get(name)
        if hasattr(util, "register_after_fork") and hasattr(util, "Finalize"):
            _watched.append(name)
            # Called in the child once it has dropped what its parent had registered.
            util.register_after_fork(util, _at_the_end)


class _Start:
    """Turns the guard on where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return startup.start, ()


class _Reach:
    """Makes safeload importable where it is unpickled, if this process found it by a path of its own."""

    def __reduce__(self) -> tuple[Any, ...]:
        import site

        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
        known = (*site.getsitepackages(), site.getusersitepackages())
        return (str, ()) if folder in known else (site.addsitedir, (folder,))


def _guard_spawned(spawn: Any) -> None:
    original = getattr(spawn, "get_preparation_data", None)
    told = startup.CHILD in os.environ  # not for a block under `guarded()`
    if not told or not callable(original) or any(spawn is one for one, _ in _put_back):
        return

    @functools.wraps(original)
    def get_preparation_data(*args: Any, **kwargs: Any) -> Any:
        data = original(*args, **kwargs)
        if isinstance(data, dict) and startup.CHILD in os.environ:
            # First, since the rest may name classes of the user's; `prepare` looks for the keys that it knows.
            return {"safeload.reach": _Reach(), "safeload.start": _Start(), **data}
        return data

    spawn.get_preparation_data = get_preparation_data
    _put_back.append((spawn, original))


def _at_the_end(util: Any) -> None:
    util.Finalize(None, tell_swallowed, exitpriority=_LAST)


def _forget() -> None:
    """The parent's stops are the parent's to write down."""
    hook.collect()
    stops.swallowed()
