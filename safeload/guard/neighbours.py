"""Who else can exchange the files of a folder: told once, since a swap is only noticed, not prevented."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from safeload.lean import Iterable

_looked: set[str] = set()


def tell(paths: Iterable[Path]) -> None:
    """Say on stderr which folders above these files others can write. Never raises."""
    for folder in sorted({os.path.dirname(os.path.realpath(path)) for path in paths}):  # noqa: PTH120
        while folder not in _looked:
            _looked.add(folder)
            who = writers(folder)
            if who:
                sys.stderr.write(
                    f"safeload: {folder} can be written by {who}, who can exchange what is loaded from it: a swap "
                    "during a load is noticed, a change of weights afterwards is not. chmod go-w, or load sealed "
                    "copies (`strict`).\n"
                )
            folder = os.path.dirname(folder)  # noqa: PTH120


def writers(folder: str) -> str:
    """Who beside this user and root can rename files in `folder`; empty where nobody can."""
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return ""
    if not hasattr(os, "getuid") or status.st_mode & stat.S_ISVTX:  # in /tmp each may rename his own only
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "every user"
    if status.st_uid not in (os.getuid(), 0):
        return "its owner"
    return _group(status.st_gid) if status.st_mode & stat.S_IWGRP else ""


def _group(gid: int) -> str:
    """The group's name; empty for one that has this user or root alone, as each user has where umask is 002."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.getuid())
    except KeyError:
        return f"group {gid}"
    own = group.gr_name == user.pw_name or gid == 0
    return "" if own and set(group.gr_mem) <= {user.pw_name, "root"} else f"the group {group.gr_name}"
