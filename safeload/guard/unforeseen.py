"""What a load reaches for that nobody foresaw when it was decided on: denied, with the name of what reached for it."""

from __future__ import annotations

import os
import sys
from pathlib import PurePath
from types import FrameType

from safeload.errors import Blocked, Stop
from safeload.guard import session
from safeload.lean import Callable, NoReturn
from safeload.sources.interface import Call
from safeload.sources.names import is_repository

# Why this call would not be let through without a question; "" where it would. `patch` knows: it stands above.
Judge = Callable[[Call], str]

# Frames of who only passes a request on.
_PASSING_ON = ("safeload.", "huggingface_hub.", "functools", "contextlib", "concurrent.futures", "threading")
_PASSING_MODULES = frozenset({"transformers.utils.hub", "sentence_transformers.util.file_io", "safeload"})
_CODE_PACKAGES = frozenset({"transformers_modules", "diffusers_modules"})
_OPENED = "hf_hub_download"


_judges: list[Judge] = [lambda call: "Nobody can look at it here."]


def judged_by(judge: Judge) -> None:
    """Who looks at a file that a load reaches for."""
    _judges[:] = [judge]


def repository(call: Call, approved: Callable[[Call], bool]) -> None:
    """Inside of a load: another repository of a hub is denied, unless a person has approved it by itself before."""
    if session.depth() and is_repository(call.target) and not os.path.lexists(call.target) and not approved(call):
        deny(call.target)


def file(path: str, name: str) -> None:
    """A file of a repository that was decided on, which was no part of it: it passes where it raises no question."""
    why = _judges[-1](Call(target=os.path.abspath(path), loader="huggingface_hub", entry=_OPENED))  # noqa: PTH100
    if why:
        deny(name, why)


def deny(what: str, why: str = "") -> NoReturn:
    """Stop the load. `what` is a repository, or a file of one."""
    grant = session.innermost()
    about = str(grant.snapshot.origin) if grant is not None else "this load"
    message = f"{_who(sys._getframe(1))} reached for {what}, which is not what was decided on for {about}."
    if why:
        message = f"{message} {why}"
    error = Blocked(message, next=f"Look at it by itself (`safeload review {what.partition(' ')[0]}`), and approve it.")
    raise Stop(str(error), cause=error)


def _who(frame: FrameType | None) -> str:
    """The repository's own code, where it is in the call stack; else the library that asked."""
    first = ""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        place = PurePath(frame.f_code.co_filename)
        if not _CODE_PACKAGES.isdisjoint(place.parts):
            return f"The repository code {place.name} (line {frame.f_lineno})"
        if not first and module not in _PASSING_MODULES and not module.startswith(_PASSING_ON):
            first = f"{module}.{frame.f_code.co_name}"
        frame = frame.f_back
    return first or "Something"
