"""Makes classes with hostile state in a process that only watches: `python -m tools.probe.child`.

A request is a line of JSON: module, name, seeds. The answer is one too: the effects that were seen, by phase, and which
of the state's objects were called. A process that dies while it answers is an effect as well; the parent sees it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import json
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import FrameType
from typing import Any

from . import hostile

_SECONDS = 5  # for one class with one state
_FIELDS = 400  # of one class
_SPOKEN = re.compile(r"\bself\.([A-Za-z_]\w*)|['\"]([A-Za-z_]\w{0,40})['\"]")
_ALWAYS = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.remove", "os.rename", "os.rmdir",
    "os.mkdir", "os.chmod", "os.truncate", "os.symlink", "os.link", "os.putenv", "shutil.", "socket.connect",
    "socket.bind",
    "socket.getaddrinfo", "ctypes.dlopen", "ctypes.call_function", "ctypes.string_at", "ctypes.cdata",
    "pickle.find_class", "marshal.loads", "urllib.Request", "webbrowser.open", "code.__new__", "tempfile.", "glob.glob",
    "sqlite3.connect", "mmap.__new__", "os.listdir", "os.scandir",
)  # fmt: skip
_NAMED = frozenset({"open", "import", "exec", "compile"})  # ordinary, unless a text of the state is in them
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Watch:
    """The audit hook: which events came while it was on."""

    def __init__(self) -> None:
        self.phase = ""
        self.seen: set[str] = set()
        sys.addaudithook(self._event)

    def _event(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.phase:
            return
        phase, self.phase = self.phase, ""
        try:
            shown = self._effect(event, args)
            if shown:
                self.seen.add(f"{phase}: {shown}")
        finally:
            self.phase = phase

    @staticmethod
    def _effect(event: str, args: tuple[Any, ...]) -> str:
        """What an event is, when it is an effect: one that a text of the state gets into, or always."""
        if event not in _NAMED and not event.startswith(_ALWAYS):
            return ""
        text = " ".join(str(value)[:120] for value in args[:2] if isinstance(value, (str, bytes, int)))
        if hostile.MARK in text:
            return f"{event} {text}"
        writes = event == "open" and isinstance(args[2], int) and args[2] & _WRITES
        if (event in _NAMED and not writes) or _importing():
            return ""
        return f"{event} {text}".strip()


def _importing() -> bool:
    """Does a module import itself here, as any first use of a library does?"""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class Slow(Exception):
    pass


def _ring(*_: object) -> None:
    raise Slow


@contextlib.contextmanager
def _phase(watch: Watch, name: str, calls: set[str]) -> Iterator[None]:
    """What a class refuses is not our business: whatever it did before that was seen."""
    del hostile.CALLS[:]
    watch.phase = name
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
    finally:
        watch.phase = ""
        calls.update(f"{name}: {way}" for way in hostile.CALLS)


def fields(cls: type) -> tuple[list[str], list[str]]:
    """Fields that the sources of a class speak of, and methods whose place a state can take."""
    found = [_own(base) for base in cls.__mro__[:-1]]
    methods = frozenset().union(*(own for _, own in found))
    spoken = frozenset().union(*(own for own, _ in found))
    return sorted(spoken - methods)[:_FIELDS], sorted(methods)


@cache
def _own(base: type) -> tuple[frozenset[str], frozenset[str]]:
    spoken: set[str] = {*vars(base).get("__annotations__", {})}
    with contextlib.suppress(OSError, TypeError):
        spoken.update(word for found in _SPOKEN.findall(inspect.getsource(base)) for word in found if word)
    slots = vars(base).get("__slots__", ())
    spoken.update((slots,) if isinstance(slots, str) else slots)
    plain = {name: value for name, value in vars(base).items() if not name.startswith("__")}
    own = {name for name, value in plain.items() if callable(value) or isinstance(value, (classmethod, staticmethod))}
    return frozenset(spoken), frozenset(own)


def build(made: Any, state: dict[str, Any]) -> None:
    """What BUILD does."""
    setstate = getattr(made, "__setstate__", None)
    if setstate is not None:
        setstate(state)
    else:
        made.__dict__.update(state)


def afterwards(watch: Watch, make: Callable[[], Any], calls: set[str]) -> None:
    """What the VM, and the containers that it fills, do with an instance."""
    held: list[Any] = []
    with _phase(watch, "state", calls):
        held += [make(), make()]
    if not held:
        return
    item = hostile.Hostile("item")
    steps: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
        ("hash", lambda one, two: hash(one)),
        ("eq", lambda one, two: (one == two, one != two, one == 1)),
        ("key", lambda one, two: {one: 1, two: 2}),
        ("set", lambda one, two: {one, two}),
        ("append", lambda one, two: one.append(item)),
        ("extend", lambda one, two: one.extend([item])),
        ("add", lambda one, two: one.add(item)),
        ("setitem", lambda one, two: one.__setitem__(hostile.MARK, item)),
        ("state again", lambda one, two: build(one, {hostile.MARK: item})),
        ("iter", lambda one, two: next(iter(one))),
        ("len", lambda one, two: len(one)),
        ("bool", lambda one, two: bool(one)),
    )
    for name, step in steps:
        with _phase(watch, name, calls):
            step(*held)
    with _phase(watch, "drop", calls):
        held.clear()


def probe(watch: Watch, module: str, name: str, seeds: int, *, new: bool) -> dict[str, Any]:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            cls: Any = importlib.import_module(module)
            for part in name.split("."):
                cls = getattr(cls, part)
    except Exception as error:  # noqa: BLE001 -- a library may refuse in any way
        return {"absent": f"{type(error).__name__}: {error}"[:200]}
    calls: set[str] = set()
    made = new and isinstance(cls, type)
    named, methods = fields(cls) if made else ([], [])
    watch.seen = set()
    gc.freeze()  # what the imports left: looked through once more for every class, it takes longer than all else
    gc.disable()
    for seed in range(seeds):
        with contextlib.suppress(Slow):
            signal.alarm(_SECONDS)
            _once(watch, cls, (named, methods) if made else None, seed, calls)
        signal.alarm(0)
    with _phase(watch, "drop", calls):
        gc.collect()
    return {"made": made, "fields": len(named), "effects": sorted(watch.seen), "calls": sorted(calls)}


def _once(watch: Watch, cls: Any, told: tuple[list[str], list[str]] | None, seed: int, calls: set[str]) -> None:
    """One state, with and without something in place of the methods; then calls."""
    if told is not None:
        filled = hostile.state(told[0], seed)
        for given in (filled, hostile.without(filled, told[1])):
            afterwards(watch, partial(_made, cls, given), calls)
    for count in range(4):
        with _phase(watch, "called later", calls):
            kinds = hostile.arguments()
            cls(*(kinds[(seed + step) % len(kinds)] for step in range(count)))


def _made(cls: Any, state: dict[str, Any]) -> Any:
    one = cls.__new__(cls)
    build(one, dict(state))
    return one


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _ring)
    watch = Watch()
    for line in sys.stdin:
        request = json.loads(line)
        found = probe(watch, request["module"], request["name"], request["seeds"], new=request["new"])
        answers.write(json.dumps(found) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
