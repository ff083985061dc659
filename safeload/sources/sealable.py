"""Memory that nobody can change once it is sealed: memfd, Linux (man 2 memfd_create)."""

from __future__ import annotations

import os


def memory() -> int:
    """A descriptor of empty memory; only where there is `os.memfd_create`."""
    return os.memfd_create("safeload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def write(descriptor: int, data: bytes | memoryview) -> None:
    """All of it: the system may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def seal(descriptor: int) -> None:
    """From here on it is what it is, by the kernel's word."""
    import fcntl

    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
