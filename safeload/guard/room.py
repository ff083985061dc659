"""Whether there is room for a sealed copy, before the machine runs out of memory."""

from __future__ import annotations

import shutil
from pathlib import Path

from safeload import limits
from safeload.errors import SourceError
from safeload.guard.copy import MEMFD

_SAID = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def check(size: int, folder: Path) -> None:
    """Raises `SourceError` where a copy of `size` bytes would leave less than `limits.SPARE`."""
    free = memory() if MEMFD else shutil.disk_usage(folder).free
    if free is not None and size + limits.SPARE > free:
        where = "memory" if MEMFD else "disk"
        raise SourceError(
            f"There is no room for a sealed copy: {_gib(size)} are needed, {_gib(free)} of {where} are free.",
            next="Load it where there is more, or under a policy that does not seal ([bytes] sealed = false).",
        )


def memory() -> int | None:
    """Bytes that can be had without swapping, by the kernel's word; None where it says nothing."""
    try:
        lines = _SAID.read_text("ascii").splitlines()
        said = next((int(line.split()[1]) * limits.KIB for line in lines if line.startswith("MemAvailable:")), None)
    except (OSError, ValueError, IndexError):
        return None
    group = _group()
    return min(said, group) if said is not None and group is not None else said


def _group() -> int | None:
    """What the container may still take. The files that are cached for it are given back when needed."""
    try:
        limit = int((_GROUP / "memory.max").read_text("ascii"))
        used = int((_GROUP / "memory.current").read_text("ascii"))
        stat = dict(line.split() for line in (_GROUP / "memory.stat").read_text("ascii").splitlines())
        return limit - used + int(stat.get("inactive_file", 0)) + int(stat.get("active_file", 0))
    except (OSError, ValueError):  # "max", or no such group
        return None


def _gib(size: int) -> str:
    return f"{size / limits.GIB:.1f} GiB"
