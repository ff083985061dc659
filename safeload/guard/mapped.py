"""Which files this process has mapped, by the kernel's word."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.lean import Iterable

_MAPS = Path("/proc/self/maps")


def counted(paths: Iterable[Path]) -> dict[Path, int]:
    """How often each file is mapped. Empty where the kernel does not say."""
    wanted = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        key = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x} {status.st_ino}"
        wanted[key] = wanted[os.path.realpath(path)] = path
    found: dict[Path, int] = {}
    try:
        lines = _MAPS.read_bytes().decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return found
    for line in lines:
        # address permissions offset device inode path; on stacked file systems the device is another than `stat` says.
        fields = line.split(None, 5)
        if len(fields) < 6:
            continue
        path_of = wanted.get(f"{fields[3]} {fields[4]}") or wanted.get(fields[5])
        if path_of is not None:
            found[path_of] = found.get(path_of, 0) + 1
    return found
