"""Whether code came with a model, by the file that it lies in."""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import os
from pathlib import PurePath
from types import CodeType, FrameType

from safeload.guard.admission import watched

# The packages below the modules cache: its folder may be set after the guard was turned on.
_CODE_PACKAGES = frozenset({"transformers_modules", "diffusers_modules"})
_RUNNING = bootstrap._call_with_frames_removed.__code__  # type: ignore[attr-defined]


def came_with_a_model(folders: tuple[str, ...], file: str) -> bool:
    # Every module body in the process passes here: the quick question first.
    if file.startswith(folders):
        return True
    if watched and os.path.normpath(file).startswith(tuple(watched)):  # what is imported from "./it" has the dot in it
        return True
    if "_modules" in file and not _CODE_PACKAGES.isdisjoint(PurePath(file).parts):
        return True
    # A cache of kernels, wherever it was put: the hub's client names its folders so.
    return "kernels--" in file and any(part.startswith("kernels--") for part in PurePath(file).parts)


def file_of(code: CodeType, frame: FrameType | None) -> str:
    """The file of a module's body that `frame` runs: where it was found.

    `co_filename` is what the code says of itself. Python puts it right where it has the source; a `.pyc` without one,
    or within a ZIP, may say anything. https://docs.python.org/3/reference/import.html
    """
    if frame is not None and frame.f_code is _RUNNING:
        given = frame.f_locals.get("args")
        module = given[-1] if type(given) is tuple and given else None
        origin = getattr(module.get("__spec__"), "origin", None) if type(module) is dict else None
        if isinstance(origin, str):
            return origin
    return code.co_filename
