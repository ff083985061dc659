"""Private copies at a path: what a library opens by name is what was decided on."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from safeload.errors import Changed
from safeload.guard.interface import Grant
from safeload.guard.loaders.buffers import named, private
from safeload.lean import Any, Iterator
from safeload.sources.interface import Artifact
from safeload.sources.memory import PrivateFile


def is_path(target: Any) -> bool:
    return isinstance(target, (str, os.PathLike))


@contextmanager
def at_path(copy: PrivateFile, like: str = "", *, on_disk: bool = False) -> Iterator[str]:
    """A path at which the copy is read, for as long as the block lasts; one that ends as `like` does, where given.

    `on_disk`: a file of its own, for libraries that resolve the path before they open it.
    """
    direct = f"/proc/self/fd/{copy.fileno()}"
    if not like and Path(direct).exists():
        yield direct
        return
    with tempfile.TemporaryDirectory(prefix="safeload-") as folder:  # of this user alone
        path = Path(folder) / (Path(like).name or "data")
        _place(copy, path, on_disk=on_disk)
        yield str(path)


@contextmanager
def folder_of(grant: Grant) -> Iterator[str]:
    """A folder of private copies of every file of the grant, each under its own name. Raises `Changed`."""
    with tempfile.TemporaryDirectory(prefix="safeload-") as folder, ExitStack() as copies:
        for artifact in grant.snapshot.artifacts:
            path = Path(folder) / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            _place(copies.enter_context(private(grant.files[artifact.path], artifact)), path)
        yield folder


def _place(copy: PrivateFile, path: Path, *, on_disk: bool = False) -> None:
    direct = f"/proc/self/fd/{copy.fileno()}"
    if Path(direct).exists() and not on_disk:
        path.symlink_to(direct)
        return
    path.touch(mode=0o600)
    with path.open("wb") as file, copy.stream() as source:
        shutil.copyfileobj(source, file)


def artifact_of(target: Any, grant: Grant) -> Artifact:
    """The file of the grant that `target` is. Raises `Changed` where it is none of several."""
    if len(grant.snapshot.artifacts) == 1:
        return grant.snapshot.artifacts[0]
    real = os.path.realpath(named(target))
    for artifact in grant.snapshot.artifacts:
        held = grant.files.get(artifact.path)
        if held is not None and os.path.realpath(held) == real:
            return artifact
    raise Changed(f"{named(target)} is none of the files that were decided on.", next="Load it on its own.")
