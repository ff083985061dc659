"""What is guarded in this process now: by what, since when, and what could not be had."""

from __future__ import annotations

import sys

from safeload.lean import Any, Mapping

__all__ = ["standing"]

_PLAIN = frozenset({"pickle", "_pickle", "shelve", "multiprocessing"})  # come with Python


def standing() -> Mapping[str, Any]:
    """Plain values by name, in the order in which they are shown. Imports nothing that the guard has not imported."""
    patch: Any = sys.modules.get("safeload.patch")  # not there: nothing was ever guarded
    setup = patch.setup() if hasattr(patch, "setup") else None
    if setup is None:
        return {"in this process": False, "turned on by": _ways(), "activation": _activation()}
    from safeload.guard import workers, wrapping

    tops = {name.partition(".")[0] for name in wrapping.MODULES | workers.MODULES}
    wrapped = {name.partition(".")[0] for name in wrapping.wrapped()}
    return {
        "in this process": True,
        "since": _at(patch.since()),
        "turned on by": _by(),
        "policy": setup.policy.name,
        "asks": type(setup.decider).__name__ if setup.decider is not None else "nobody",
        "stops by": _hook(),
        "asks about": [_with_version(name) for name in sorted(wrapped)],
        # Another release of the library may have other entry points: what it unpickles is stopped all the same.
        "imported, not asked about": [
            _with_version(name) for name in sorted((tops & sys.modules.keys()) - wrapped - _PLAIN)
        ],
        "not had": _missing(),
        "activation": _activation(),
    }


def _ways() -> str:
    return "safeload run, import safeload.auto, %load_ext safeload, safeload.install(), safeload enable"


def _by() -> str:
    from safeload import startup

    if startup.state == "on":
        return "activation of this environment, or the process that started this one"
    known = {"safeload_jupyter": "%load_ext safeload", "safeload.auto": "import safeload.auto"}
    return next((words for module, words in known.items() if module in sys.modules), "safeload.install() or guarded()")


def _at(seconds: float | None) -> str | None:
    from datetime import datetime, timezone

    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")


def _hook() -> str:
    quick = sys.modules.get("safeload.guard._filter")
    return "audit hook in Python" if quick is None else "audit hook in Python, behind a filter in C"


def _with_version(name: str) -> str:
    version = getattr(sys.modules.get(name), "__version__", None)
    return f"{name} {version}" if isinstance(version, str) else name


def _missing() -> list[str]:
    """What this system does not have, and what follows from it."""
    import os

    lacks = []
    if not hasattr(os, "register_at_fork"):
        lacks.append("forks are not followed (this system has none)")
    if not hasattr(os, "memfd_create"):
        lacks.append("sealed copies under strict are private files, not memory (no memfd)")
    if not sys.platform.startswith("linux"):
        lacks.append("the worker has no seccomp filter (Linux only)")
    return lacks


def _activation() -> list[str]:
    from safeload import activation, startup

    lines = [_files(one) for one in activation.here()]
    state = startup.state
    return lines + [f"here: {state}"] * (state not in ("", "on"))


def _files(one: Any) -> str:
    which = {"": "nothing starts it", "children": "children of guarded processes"}.get(one.mode, "every process")
    missing = f"; MISSING {', '.join(one.missing)}" if one.missing else ""
    return f"{one.folder}: {which}{missing}"
