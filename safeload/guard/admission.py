"""What a granted load may do on this thread: the names of its streams, the code that was approved."""

from __future__ import annotations

import copyreg
import sys
import threading
from contextlib import contextmanager
from types import CodeType, FrameType

from safeload.lean import Any, Iterable, Iterator

Pair = tuple[str, str]

# Frames between a reading function and the unpickler that say nothing about who reads.
_BETWEEN = frozenset(
    {
        "pickle",
        "safeload.guard.unpickle",
        "safeload.guard.overrides",
        "safeload.guard.sealed",
        "safeload.guard.wrapping",
        "safeload.patch",
    }
)
_EXTENSIONS: dict[int, Any] = copyreg._extension_cache  # type: ignore[attr-defined]


class _Thread(threading.local):
    admission: admitting | None = None
    depth: int = 0  # granted loads that this thread is inside of
    judged: int = 0  # names that were held against the rules


thread = _Thread()
under_way: list[object] = []  # one item for each load in the process; appending is atomic where counting is not
_approved: list[CodeType] = []
_kept: set[CodeType] = set()  # of loads that came to a good end, compared and kept once as code objects are equal
watched: list[str] = []  # folders of granted loads that lie outside of the hub's caches, as `co_filename` spells them


class admitting:
    """While the guard hands scanned bytes to an unpickler on this thread: these names pass, and free ones.

    They pass for that unpickler alone. Between the `with` statement's own frame and the event there may be only frames
    of `through`, the library that runs the unpickler: an inner load, begun by a method of what was unpickled, has that
    method's frame in between, and is not admitted.
    """

    def __init__(self, names: Iterable[Pair], *, through: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        self.owner: FrameType | None = None
        self._through = _BETWEEN.union(through)
        self._before: admitting | None = None

    def __enter__(self) -> None:
        self.owner = sys._getframe(1)
        self._before, thread.admission = thread.admission, self
        under_way.append(self)
        forget_extensions()

    def __exit__(self, *exception: object) -> None:
        under_way.pop()
        thread.admission, self.owner = self._before, None
        forget_extensions()

    def is_direct(self, frame: FrameType | None) -> bool:
        while frame is not None and frame is not self.owner:
            if frame.f_globals.get("__name__") not in self._through:
                return False
            frame = frame.f_back
        return frame is not None


@contextmanager
def watching(*folders: str) -> Iterator[None]:
    """While a granted load runs code from these folders (with the slash at their end): it came with the model too."""
    watched.extend(folders)
    try:
        yield
    finally:
        for folder in folders:
            watched.remove(folder)


@contextmanager
def executing(code: Iterable[CodeType]) -> Iterator[None]:
    """While a granted load runs: module bodies of repository code equal to one of these pass, from source or `.pyc`.

    After a load that came to a good end they pass on: a model imports its files when it first needs them.
    """
    mine = list(code)
    _approved.extend(mine)
    under_way.append(mine)
    thread.depth += 1
    try:
        yield
        _kept.update(mine)
    finally:
        thread.depth -= 1
        under_way.pop()
        for item in mine:
            _forget(item)


def is_approved(code: CodeType) -> bool:
    return (code in _kept or any(code == approved for approved in _approved)) and _of_one_file(code)


def _of_one_file(code: CodeType) -> bool:
    """Equality leaves the file's name out, by which effects of a function are held against the model."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return all(one.co_filename == code.co_filename and _of_one_file(one) for one in inner)


def forget_approved() -> None:
    """What earlier loads were allowed to run; those under way go on."""
    _kept.clear()


def forget_extensions() -> None:
    """An extension code that was resolved once is never asked about again: `EXT1` then raises no event."""
    if _EXTENSIONS:
        _EXTENSIONS.clear()


def _forget(item: CodeType) -> None:
    # By identity: two grants may hold equal code.
    for index, other in enumerate(_approved):
        if other is item:
            del _approved[index]
            return
