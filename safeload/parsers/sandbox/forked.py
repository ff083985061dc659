"""The first worker of safeload's own command: forked at its start, to get ready on the other core.

Only a process that is this program and nothing else may do that, before it has read anything (docs/adr, number 8):
what it has in memory then is Python, and an environment, which the child overwrites. Everybody else's workers are
processes of their own from the start (`child`), and so is every other worker of the command.
"""

from __future__ import annotations

import os
import sys
from _socket import socketpair

from safeload.lean import TYPE_CHECKING, Final, NoReturn
from safeload.parsers import coding, facts  # noqa: F401  (both sides need these, and import them once)
from safeload.parsers.sandbox import rights, spoken, wire, worker  # noqa: F401
from safeload.parsers.sandbox.child import Child

if TYPE_CHECKING:
    from _socket import socket

_ENVIRONMENT: Final = 47, 48  # where it begins and ends: fields of /proc/self/stat, counted from behind the name
_HEADER: Final = bytes.__basicsize__ - 1  # of a `bytes` object, before what it holds
_ready: Final[list[tuple[socket, Child]]] = []


def begin() -> None:
    """Where this cannot be done, nothing happens: the worker is started when it is wanted."""
    try:
        alone = len(os.listdir("/proc/self/task")) == 1 and sys.gettrace() is None  # noqa: PTH208
        if not alone:
            return  # a fork copies one thread, with the locks that others hold
        ours, theirs = socketpair()
        pid = os.fork()
    except OSError:
        return
    if pid == 0:
        ours.close()
        _serve(theirs)
    theirs.close()
    _ready.append((ours, Child.known(pid)))


def take() -> tuple[socket, Child] | None:
    """The one that was begun, once."""
    return _ready.pop() if _ready else None


def _serve(channel: socket) -> NoReturn:
    """As `worker.main`. An error ends the process, and the parent starts another in the ordinary way."""
    try:
        silent = os.open(os.devnull, os.O_WRONLY)
        for ours, number in ((channel.fileno(), 0), (silent, 1), (silent, 2)):
            os.dup2(ours, number)
        worker.alone()
        _forget_environment()
        _keep_to_the_standard_library()
        from safeload.parsers.sandbox import serve

        serve.forever()
    finally:
        os._exit(0)


def _forget_environment() -> None:
    """Overwrite it, where the system put it and where Python did. A token has no business in a worker."""
    import posix

    with open("/proc/self/stat", "rb") as stat:  # noqa: PTH123
        fields = stat.read().rpartition(b")")[2].split()
    start, end = (int(fields[number]) for number in _ENVIRONMENT)
    # A single byte is one object for all of Python, and no secret.
    held = [(id(text) + _HEADER, len(text)) for pair in posix.environ.items() for text in pair if len(text) > 1]
    memory = os.open("/proc/self/mem", os.O_WRONLY)
    for place, length in ((start, end - start), *held):
        if os.pwrite(memory, bytes(length), place) != length:
            raise OSError("the environment was not overwritten")
    os.close(memory)
    posix.environ.clear()


def _keep_to_the_standard_library() -> None:
    """What is installed, or lies in the working folder, is not imported from here on."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    sys.path[:] = [library, f"{library}/lib-dynload"]
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder.__module__.startswith("_frozen_importlib")]
