"""Conversions that a notebook asks for: kept in the state folder, one for each content."""

from __future__ import annotations

import os
import secrets
import shutil

from safeload import home
from safeload.errors import StateError
from safeload.lean import TYPE_CHECKING, Final, replace, sha256
from safeload.rescue.convert import convert
from safeload.rescue.interface import PROVENANCE
from safeload.sources.interface import Call

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.rescue.interface import Rescued
    from safeload.sources.interface import Progress

_FOLDER: Final = "converted"
# Libraries that would look for a pickle in the new folder.
_OF_PICKLES: Final = frozenset({"torch", "pickle", "joblib", "files"})
# Options that say which of a model's files to take: that is done.
_CHOOSING: Final = frozenset({"use_safetensors", "variant", "transformers_weights"})


def convert_at_home(call: Call, *, progress: Progress | None = None) -> Rescued:
    """As `convert`, into a folder named by what the record in it says. The same content is there once."""
    top = home.ready() / _FOLDER
    done = convert(call, top / f"new-{secrets.token_hex(8)}", progress=progress)
    name = sha256((done.folder / PROVENANCE).read_bytes()).hexdigest()
    target = top / name
    try:
        if not _again(done.folder, target):
            done.folder.rename(target)
    except OSError as error:
        shutil.rmtree(done.folder, ignore_errors=True)
        raise StateError(f"{target} cannot be written ({error.strerror}).", next="Look at what is there.") from error
    return replace(done, folder=target)


def _again(made: Path, target: Path) -> bool:
    """The same was converted before. What was there is replaced: somebody may have changed it since."""
    if not os.path.lexists(target):
        return False
    old = target.with_name(f"{made.name}-old")
    target.rename(old)
    made.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return True


def instead(call: Call, folder: Path) -> Call:
    """The same load, of what was converted."""
    library = "" if call.loader in _OF_PICKLES else call.loader
    options = {key: value for key, value in call.options.items() if key not in _CHOOSING}
    return Call(target=str(folder), loader=library, entry=call.entry if library else "", options=options)
