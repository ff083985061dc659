"""The one audit hook: it admits or raises, nothing else.

CPython raises `pickle.find_class` for every name that an unpickler resolves, whoever bound `load` before us, and
`exec` for every module body (PEP 578, https://docs.python.org/3/library/audit_events.html). It cannot be removed, and
`off()` makes it inert. It never scans, asks, imports or writes; what it stopped is kept in memory until collected.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from types import CodeType, FrameType

from safeload.errors import Stop

Pair = tuple[str, str]

# Functions that read what another process of the same program wrote: their streams may name the user's own classes. The
# exact function, never the module: `executor.submit(pickle.loads, data)` runs inside concurrent.futures too.
RECEIVERS: frozenset[Pair] = frozenset(
    {
        ("multiprocessing.connection", "recv"),
        ("multiprocessing.queues", "get"),
        ("multiprocessing.spawn", "_main"),
        ("multiprocessing.spawn", "spawn_main"),
        ("multiprocessing.forkserver", "main"),
        ("multiprocess.connection", "recv"),
        ("multiprocess.queues", "get"),
        ("multiprocess.spawn", "_main"),
        ("torch.multiprocessing.queue", "recv"),
        ("joblib.externals.loky.backend.queues", "get"),
        ("joblib.externals.loky.backend.popen_loky_posix", "main"),
        ("joblib.externals.loky.process_executor", "__call__"),
        ("jedi._compatibility", "pickle_load"),
        ("distributed.protocol.pickle", "loads"),
        ("ray._private.serialization", "_deserialize_pickle5_data"),
    }
)

# What processes of one program send each other for their own plumbing, and what a bound method is pickled as. Dangerous
# in a file; here it comes from a process that runs our own code already.
RECEIVED: frozenset[Pair] = frozenset({("builtins", "getattr"), ("functools", "partial")})
RECEIVED_FROM = (
    "multiprocessing.",
    "multiprocess.",
    "torch.multiprocessing.reductions",
    "joblib.externals.loky.",
    "joblib.externals.cloudpickle.",
    "cloudpickle.",
    "dill.",
)

# Functions that read a cache which an installed tool wrote for itself, below the user's own cache folder. A cache whose
# folder is a parameter (joblib.Memory) or lies beside the code (numba) may have come with a model: it is no exception.
TOOL_CACHES: frozenset[Pair] = frozenset(
    {
        ("parso.cache", "_load_from_file_system"),
        ("torch._inductor.codecache", "_lookup_graph"),
        ("torch._inductor.codecache", "iterate_over_candidates"),
    }
)

# Frames between a reading function and the unpickler that say nothing about who reads.
_BETWEEN = frozenset({"pickle", "safeload.guard.unpickle", "safeload.patch"})
_PASSED_OVER = frozenset({"pickle", "_pickle", "multiprocessing.reduction", "dill._dill", "joblib.numpy_pickle"})


# The packages below the modules cache: its folder may be set after the guard was turned on.
_CODE_PACKAGES = frozenset({"transformers_modules", "diffusers_modules"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What the hook refused: the name (or the file of the code), and the module that asked for it."""

    event: str
    module: str
    name: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the hook decides by; replaced whole, never edited.

    `dangerous` judges a pair as the stream spells it: the event comes before names of Python 2 are mapped.
    """

    free: frozenset[Pair]
    dangerous: Callable[[str, str], bool]
    code_folders: tuple[str, ...]


class _Thread(threading.local):
    admission: admitting | None = None


_rules: Rules | None = None
_installed = False
_thread = _Thread()
_approved_code: list[CodeType] = []
_stops: deque[Stopped] = deque(maxlen=1000)


def on(rules: Rules) -> None:
    """Start to decide by these rules. The hook itself is added once in a process's life."""
    global _rules, _installed
    _rules = rules
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)


def off() -> None:
    """Make the hook inert. It stays: CPython has no way to take one out."""
    global _rules
    _rules = None


def is_on() -> bool:
    return _rules is not None


class admitting:
    """While the guard hands scanned bytes to an unpickler on this thread: these names pass, and free ones.

    They pass for that unpickler alone. Between the `with` statement's own frame and the event there may be only frames
    of `through`, the library that runs the unpickler: an inner load, begun by a method of what was unpickled, has that
    method's frame in between, and is not admitted.
    """

    def __init__(self, names: Iterable[Pair], *, through: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        self._through = _BETWEEN.union(through)
        self._owner: FrameType | None = None
        self._before: admitting | None = None

    def __enter__(self) -> None:
        self._owner = sys._getframe(1)
        self._before, _thread.admission = _thread.admission, self

    def __exit__(self, *exception: object) -> None:
        _thread.admission, self._owner = self._before, None

    def is_direct(self, frame: FrameType | None) -> bool:
        while frame is not None and frame is not self._owner:
            if frame.f_globals.get("__name__") not in self._through:
                return False
            frame = frame.f_back
        return frame is not None


@contextmanager
def executing(code: Iterable[CodeType]) -> Iterator[None]:
    """While a granted load runs: module bodies of repository code equal to one of these pass, from source or `.pyc`."""
    mine = list(code)
    _approved_code.extend(mine)
    try:
        yield
    finally:
        for item in mine:
            _forget(item)


def _forget(item: CodeType) -> None:
    # By identity: two grants may hold equal code.
    for index, other in enumerate(_approved_code):
        if other is item:
            del _approved_code[index]
            return


def collect() -> tuple[Stopped, ...]:
    """What was stopped since the last call."""
    taken = []
    while _stops:
        taken.append(_stops.popleft())
    return tuple(taken)


def withdraw(stop: Stop) -> None:
    """Take back the one record of this stop: the call goes on, and is decided on. Those of other threads stay."""
    for item in reversed(tuple(_stops)):
        if (item.module, item.name) == (stop.module, stop.name):
            _stops.remove(item)
            return


def _hook(event: str, args: tuple[object, ...]) -> None:
    if event == "pickle.find_class":
        rules = _rules
        if rules is not None:
            _find_class(rules, str(args[0]), str(args[1]))
    elif event == "exec":
        rules = _rules
        if rules is not None:
            _exec(rules, args[0])


def _find_class(rules: Rules, module: str, name: str) -> None:
    if (module, name) in rules.free:
        return
    admission = _thread.admission
    if admission is not None:
        if (module, name) in admission.names and admission.is_direct(sys._getframe(2)):
            return
    elif reader_is_known(sys._getframe(2)) and (_is_plumbing(module, name) or not rules.dangerous(module, name)):
        return
    reader = _reader(sys._getframe(2))
    _stops.append(Stopped(event="pickle.find_class", module=module, name=name, reader=reader))
    raise Stop(
        f"{reader} was unpickling a stream that asks for {module}.{name}, which nobody has decided on.",
        module=module,
        name=name,
    )


def _reading_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        between = module in _PASSED_OVER or module.startswith("safeload.") or frame.f_code.co_name == "find_class"
        if not between:
            return frame
        frame = frame.f_back
    return None


def _is_plumbing(module: str, name: str) -> bool:
    # A dot in the name walks to other objects: `multiprocessing.util` + `os.system`.
    return "." not in name and ((module, name) in RECEIVED or module.startswith(RECEIVED_FROM))


def _reader(frame: FrameType | None) -> str:
    found = _reading_frame(frame)
    return str(found.f_globals.get("__name__", "?")) if found is not None else "?"


def reader_is_known(frame: FrameType | None) -> bool:
    """Is it a process of this program, or the cache of an installed tool, that `frame` reads for?"""
    found = _reading_frame(frame)
    if found is None:
        return False
    pair = (found.f_globals.get("__name__", ""), found.f_code.co_name)
    return pair in RECEIVERS or pair in TOOL_CACHES


def _exec(rules: Rules, code: object) -> None:
    if not isinstance(code, CodeType):
        return
    filename = code.co_filename
    if not filename.startswith(rules.code_folders) and not _in_code_package(filename):
        return
    # An empty module body (a package's __init__) does nothing; code equality leaves out the file's name only.
    if code == _EMPTY or any(code == approved for approved in _approved_code):
        return
    _stops.append(Stopped(event="exec", module=filename, name=code.co_name, reader=""))
    raise Stop(f"The repository code {os.path.basename(filename)} was about to run, and nobody has approved it.")  # noqa: PTH119


def _in_code_package(filename: str) -> bool:
    # Every module body in the process passes here: the quick question first.
    return "_modules" in filename and not _CODE_PACKAGES.isdisjoint(PurePath(filename).parts)


_EMPTY = compile("", "<empty>", "exec")
