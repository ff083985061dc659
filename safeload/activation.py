"""The files in site-packages by which every interpreter of an environment is guarded: put there, taken out, found.

A `.pth` file is read by `site` at each start, also under `-I`, and in every child; a `.start` file takes its place from
Python 3.15 on (https://peps.python.org/pep-0829/). Both call one small module beside them, which says so in one line if
safeload itself is gone. Not under `-S`, nor where an interpreter is embedded without `site`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from safeload.errors import StateError, UsageError
from safeload.lean import Any, Final, Sequence, record
from safeload.startup import ALWAYS, CHILDREN

_NAME: Final = "safeload-guard"
_MODULE: Final = "_safeload_guard"
_TIMEOUT: Final = 60.0  # seconds for another interpreter to say where its packages are
_MARK: Final = "Written by `safeload enable`; `safeload disable` takes it out."

_START: Final = f'''"""Turns the guard of safeload on in every interpreter of this environment. {_MARK}"""

import sys

MODE = "@MODE@"
_started = False


def start():
    global _started
    if _started:  # in a virtual environment `site` reads the files twice
        return
    _started = True
    try:
        from safeload import startup

        startup.start(MODE)
    except Exception as error:  # whatever is broken: Python itself must start
        if sys.stderr is not None:
            sys.stderr.write(
                "safeload: This process is NOT guarded, though its environment is activated: safeload cannot be "
                "imported (%s). Install it again, or delete %s and the safeload-guard files beside it.\\n"
                % (type(error).__name__, __file__)
            )
'''

_ASK: Final = """
import importlib.util, json, os, site, sys, sysconfig
managed = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
print("\\n" + json.dumps({
    "python": sys.executable, "prefix": sys.prefix, "version": list(sys.version_info[:3]),
    "packages": sysconfig.get_path("purelib"), "user": site.getusersitepackages(),
    "managed": sys.prefix == sys.base_prefix and os.path.exists(managed),
    "has": importlib.util.find_spec("safeload") is not None}))
"""


@record(frozen=True, slots=True, kw_only=True)
class Environment:
    """One interpreter's environment, as it says itself."""

    python: str
    prefix: str
    version: str
    packages: Path
    user: Path
    managed: bool
    has_safeload: bool  # without the working folder and PYTHONPATH; without the user's packages if not asked for them


@record(frozen=True, slots=True, kw_only=True)
class Activation:
    """What is there of the files. `mode` is empty where nothing is activated; `missing` names what should be there."""

    folder: Path
    mode: str
    files: tuple[str, ...]
    missing: tuple[str, ...]


def environment(python: str | None = None, *, user: bool = False) -> Environment:
    """The environment of an interpreter; by default of the one that runs this. Raises `UsageError`."""
    wanted = python or sys.executable
    if os.sep in wanted:
        wanted = str(Path(wanted).absolute())
    try:
        # In the root folder, where nothing is that could be imported.
        done = subprocess.run(
            [wanted, "-E" if user else "-I", "-c", _ASK],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            cwd=Path(sys.prefix).anchor,
        )
        said = json.loads(done.stdout.strip().splitlines()[-1])
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        raise UsageError(
            f"{wanted!r} is no Python that runs ({type(error).__name__}).", next="Name an interpreter with --python."
        ) from error
    return Environment(
        python=said["python"],
        prefix=said["prefix"],
        version=".".join(map(str, said["version"])),
        packages=Path(said["packages"]),
        user=Path(said["user"]),
        managed=said["managed"],
        has_safeload=said["has"],
    )


def found(folder: Path) -> Activation:
    """What is activated by the files of a folder."""
    there = [name for name in _names() if (folder / name).is_file()]
    starts = [name for name in there if not name.endswith(".py")]
    missing = [name for name in _names() if name not in there] if there else []
    mode = _mode(folder / f"{_MODULE}.py") if starts else ""
    return Activation(folder=folder, mode=mode, files=tuple(there), missing=tuple(missing))


def _mode(module: Path) -> str:
    try:
        return CHILDREN if f'MODE = "{CHILDREN}"' in module.read_text("utf-8") else ALWAYS
    except (OSError, ValueError):
        return ALWAYS


def enable(folder: Path, *, mode: str = ALWAYS) -> bool:
    """Put the files there, all or none; False if they were there already. Raises `StateError`."""
    texts = _texts(mode)
    before = {name: _read(folder / name) for name in texts}
    if before == texts:
        return False
    _refuse_foreign(folder, before)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(folder / name, text)
    except OSError as error:
        _put_back(folder, before)
        raise _not_writable(folder, error) from error
    return True


def disable(folder: Path) -> bool:
    """Take the files out, all or none; False if there were none. Raises `StateError`."""
    before = {name: _read(folder / name) for name in _names()}
    if not any(text is not None for text in before.values()):
        return False
    _refuse_foreign(folder, before)
    try:
        # The module last: what still calls it must find it.
        for name in reversed(_names()):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        _put_back(folder, before)
        raise _not_writable(folder, error) from error
    for compiled in folder.glob(f"__pycache__/{_MODULE}.*.pyc"):
        with contextlib.suppress(OSError):
            compiled.unlink()
    return True


def _names() -> Sequence[str]:
    return [*_texts(ALWAYS)]


def _texts(mode: str) -> dict[str, str]:
    """In the order in which they are written: the module first, since the others call it."""
    return {
        f"{_MODULE}.py": _START.replace("@MODE@", mode),
        f"{_NAME}.start": f"# {_MARK}\n{_MODULE}:start\n",
        f"{_NAME}.pth": f"# {_MARK}\nimport {_MODULE}; {_MODULE}.start()\n",
    }


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return ""


def _refuse_foreign(folder: Path, before: dict[str, str | None]) -> None:
    for name, text in before.items():
        if text is not None and _MARK not in text:
            raise StateError(
                f"{folder / name} is there, and was not written by safeload.", next="Look at it, then move it away."
            )


def _write(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".safeload-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(temporary).chmod(0o644)  # everybody who may use the environment is guarded
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _put_back(folder: Path, before: dict[str, str | None]) -> None:
    for name, text in before.items():
        with contextlib.suppress(OSError):
            if text is None:
                (folder / name).unlink(missing_ok=True)
            elif _read(folder / name) != text:
                _write(folder / name, text)


def _not_writable(folder: Path, error: OSError) -> StateError:
    return StateError(
        f"{folder} cannot be written ({error.strerror}), so nothing was changed.",
        next="Run it as the owner of that environment, use one of your own (python -m venv), or --user.",
    )


def here() -> tuple[Any, ...]:
    """What is activated in the folders that this interpreter reads at its start."""
    import site

    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return tuple(one for one in (found(Path(folder)) for folder in dict.fromkeys(folders)) if one.files)
