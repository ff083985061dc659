"""The one folder that holds all of safeload's state."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import StateError


def home() -> Path:
    """`SAFELOAD_HOME`, or the platform's folder for an application's state. Not created here."""
    chosen = os.environ.get("SAFELOAD_HOME")
    if chosen:
        return Path(chosen).expanduser()
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
