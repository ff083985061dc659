"""The one folder that holds all of safeload's state."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from safeload.errors import StateError


def home() -> Path:
    """`SAFELOAD_HOME`, or the platform's folder for an application's state. Not created here."""
    chosen = os.environ.get("SAFELOAD_HOME")
    if chosen:
        return Path(os.path.expanduser(chosen))  # noqa: PTH111  Path.expanduser raises for an unknown user
    import platformdirs

    return Path(platformdirs.user_state_dir("safeload", appauthor=False))


def ready() -> Path:
    """The state folder, made (for this user only) if it is not there.

    Raises `StateError` when it cannot be made or written.
    """
    folder = home()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StateError(
            f"The state folder {folder} cannot be made ({error.strerror}).",
            next="Set SAFELOAD_HOME to a folder that you can write.",
        ) from error
    return folder


def own(path: Path) -> Path:
    """A file in the state folder, made for this user only if it is not there.

    Raises `StateError` when it cannot be made or written, or when other users could have changed what it says.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        mode = path.stat().st_mode
    except OSError as error:
        raise StateError(
            f"The state file {path} cannot be written ({error.strerror}).",
            next="Make room or give yourself the right, or set SAFELOAD_HOME to a folder that you can write.",
        ) from error
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StateError(
            f"The state file {path} can be changed by other users, so what it says cannot be relied on.",
            next=f"Look at what is in it, then run: chmod 600 {path}",
        )
    return path
