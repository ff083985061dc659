"""What the worker that starts first does without: named here, imported when it is called, or read by another worker.

Importing every reader takes four times as long as reading a pickle with all that belongs to it. So the first worker
imports what most files need. Where it would call anything else it raises `Beyond`, and the artifact is read again from
its beginning in a worker that has imported all of it.
"""

from __future__ import annotations

import sys

from safeload.lean import Any, Final, attribute

READING: Final = "reading"  # `Part.needs`, for a worker with every reader


class Beyond(BaseException):
    """This worker has no reader for it. Not an `Exception`: no parser may take it for a fault of the file."""


class Later:
    """A function of a module that is imported when this is called first; or beforehand, by `load`."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        _all.append(self)

    @property
    def here(self) -> bool:
        """Whether it can be called in this process."""
        return not _light or self.module in sys.modules

    def __call__(self, *args: Any, **given: Any) -> Any:
        if not self.here:
            raise Beyond
        return attribute(self.module, self.name)(*args, **given)


_all: Final[list[Later]] = []
_light: Final[list[bool]] = []


def load() -> None:
    """Import everything, and what that does without: in a process that will soon be unable to."""
    for one in _all:  # which grows meanwhile
        attribute(one.module, one.name)


def light() -> None:
    """From here on nothing more is imported: this is the first worker."""
    _light.append(True)
