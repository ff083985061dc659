"""`safeload status`: what is in force here, and what this machine lacks."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import tempfile

from safeload.cli import exits
from safeload.cli import options as o
from safeload.cli.output import Output
from safeload.errors import SafeloadError
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, Mapping

if TYPE_CHECKING:
    from safeload.auditlog import AuditLog

SCHEMA: Final = "safeload.status/1"
_TURNED_OFF: Final = ("unsafe-off", "disabled")
_SHOWN: Final = 3
# Distributions by the extra that brings them; "" is what safeload always needs.
EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("huggingface_hub", "fickling"),
    "notebook": ("ipython", "ipykernel", "ipywidgets", "anywidget"),
    "torch": ("torch", "safetensors", "numpy"),
    "transformers": ("transformers",),
    "joblib": ("joblib", "scikit-learn"),
    "formats": ("lz4", "py7zr", "zstandard", "pyyaml", "pyfive"),
}


def status(format: o.FormatOption = o.Format.TEXT) -> int:
    """Show versions, policy, state, and the worker's rights.

    Exit code: 0 all of it is there, 2 something could not be had.
    """
    found = _found()
    with Output(None) as out:
        if format is o.Format.JSON:
            from safeload.report import json

            out.write(json.line({"schema": SCHEMA, **found}) + "\n")
        else:
            out.write(_text(found))
    return exits.ERROR if any("error" in part for part in found.values()) else exits.ALLOW


def told() -> str:
    """The same in this process, as text: in a notebook it is the kernel that is asked about."""
    return _text(_found())


def _found() -> Mapping[str, Mapping[str, Any]]:
    parts: dict[str, Callable[[], Mapping[str, Any]]] = {
        "safeload": _versions,
        "extras": _extras,
        "state": _state,
        "policy": _policy,
        "guard": _guard,
        "worker": _worker,
        "log": _log,
    }
    return {name: _asked(part) for name, part in parts.items()}


def _asked(part: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What cannot be had is part of the answer."""
    try:
        return part()
    except SafeloadError as error:
        return {"error": str(error)}


def _text(found: Mapping[str, Mapping[str, Any]]) -> str:
    from safeload.report.words import plain

    width = max(len(name) for part in found.values() for name in part)
    lines = []
    for title, part in found.items():
        lines.append(title)
        shown = {name: _missing(name) if value is None else _value(value) for name, value in part.items()}
        lines += [f"  {plain(name):{width}}  {plain(text)}" for name, text in shown.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _versions() -> Mapping[str, Any]:
    import safeload

    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"version": safeload.__version__, "python": python, "system": f"{platform.system()} {platform.machine()}"}


def _extras() -> Mapping[str, Any]:
    return {name: _version(name) for names in EXTRAS.values() for name in names}


def _missing(name: str) -> str:
    """With the command that adds it."""
    extra = next((extra for extra, names in EXTRAS.items() if name in names), "")
    return f"not installed: pip install 'safeload[{extra}]'" if extra else "not installed"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _state() -> Mapping[str, Any]:
    from safeload import home

    folder = home.home()
    there = folder.is_dir()
    return {
        "SAFELOAD_HOME": str(folder),
        "made": there,
        "writable": _writable(str(folder) if there else _nearest(str(folder))),
        "HF_ENDPOINT": re.sub(r"//[^/]*@", "//", os.environ.get("HF_ENDPOINT") or "the hub's own"),
    }


def _nearest(path: str) -> str:
    """The deepest folder above that is there."""
    while not os.path.isdir(path) and os.path.dirname(path) != path:  # noqa: PTH112, PTH120
        path = os.path.dirname(path)  # noqa: PTH120
    return path


def _writable(folder: str) -> bool:
    """By trying: to root, `os.access` calls everything writable, `/proc` and the like too."""
    try:
        with tempfile.TemporaryDirectory(prefix=".safeload-", dir=folder):
            return True
    except OSError:
        return False


def _policy() -> Mapping[str, Any]:
    from safeload.policy.named import policy_named

    policy = policy_named(None)
    return {"in force": policy.name, "digest": str(policy.digest), "unsafe override": policy.unsafe_override}


def _guard() -> Mapping[str, Any]:
    from safeload.standing import standing

    return standing()


def _worker() -> Mapping[str, Any]:
    from contextlib import closing

    from safeload.parsers.sandbox.process import Worker

    with closing(Worker.start()) as worker:
        return {"gave up": worker.rights.had, "could not give up": worker.rights.missing}


def _log() -> Mapping[str, Any]:
    from safeload import home
    from safeload.auditlog import AuditLog

    log = AuditLog(home.home())
    found = log.verify()
    if not found.ok:
        return {"error": f"It is damaged: {found.problems[0]}. See safeload log --verify."}
    return {"entries": found.count, "head": found.head, "turned off on purpose": _turned_off(log)}


def _turned_off(log: AuditLog) -> list[str]:
    """The last times, with the reason that was given."""
    ends = [f"{e.at} {e.event}: {e.fields.get('reason', '')}" for e in log.entries() if e.event in _TURNED_OFF]
    return ends[-_SHOWN:]
