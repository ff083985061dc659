"""The one audit hook: it admits or raises, nothing else.

CPython raises `pickle.find_class` for every name that an unpickler resolves, whoever bound `load` before us, and
`exec` for every module body (PEP 578, https://docs.python.org/3/library/audit_events.html). It cannot be removed, and
`off()` makes it inert. It never scans, asks, imports or writes; what it stopped is kept in memory until collected.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from types import CodeType

from safeload.errors import Stop
from safeload.guard import effects, overrides, readers, stops, workers
from safeload.guard.admission import (
    admitting,
    executing,
    forget_approved,
    forget_extensions,
    is_approved,
    thread,
    under_way,
    watching,
)
from safeload.guard.places import came_with_a_model, file_of
from safeload.guard.readers import reader_is_known
from safeload.lean import Any, Callable, record, replace

__all__ = [
    "Rules",
    "Stopped",
    "admitting",
    "collect",
    "executing",
    "heard_by",
    "is_on",
    "off",
    "on",
    "reader_is_known",
    "watching",
    "withdraw",
]

Pair = tuple[str, str]

_EMPTY = compile("", "<empty>", "exec", dont_inherit=True)
_APPROVE = "See what it does with `safeload review`, and approve it there."
_EARLY = "Call it through its module (`pickle.load`, `torch.load`) or with `safeload.load` to see it and decide."


@record(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What the hook refused: the name (or the file of the code, or what it would have touched), and who asked."""

    event: str
    module: str
    name: str
    reader: str
    message: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the hook decides by; replaced whole, never edited.

    `dangerous` judges a pair as the stream spells it: the event comes before names of Python 2 are mapped.
    """

    free: frozenset[Pair]
    dangerous: Callable[[str, str], bool]
    code_folders: tuple[str, ...]


_rules: Rules | None = None
_heard_by: list[str] = []
_stops: deque[Stopped] = deque(maxlen=1000)


def on(rules: Rules) -> None:
    """Start to decide by these rules. The hook itself is added once in a process's life."""
    global _rules, _handlers
    _rules = rules
    _handlers = _ALL
    forget_approved()
    forget_extensions()
    overrides.watch(check)
    workers.watch()
    if not _heard_by:
        _heard_by.append(_added())


def off() -> None:
    """Make the hook inert. It stays: CPython has no way to take one out."""
    global _rules, _handlers
    _rules = None
    _handlers = {}
    forget_approved()
    overrides.leave()
    workers.leave()


def is_on() -> bool:
    return _rules is not None


def heard_by() -> str:
    """What hands events to the hook: "C" (a filter by their names) or "Python"; "" where none was added yet."""
    return _heard_by[0] if _heard_by else ""


def _added() -> str:
    # The filter spares ordinary work a call for each `id()`. It hears the same events; whatever keeps it from working
    # (it was not built, belongs to another interpreter, another hook forbids it) leaves the hook in Python.
    try:
        from safeload.guard import _filter

        if _filter.install(_hook, tuple(_ALL)):
            return "C"
    except ImportError:
        pass
    sys.addaudithook(_hook)
    return "Python"


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


def check(module: str, name: str) -> None:
    """Hold a name against the rules, on behalf of the frame that calls the caller. Raises `Stop`."""
    if _rules is not None:
        _find_class("pickle.find_class", (module, name))


def _hook(event: str, args: tuple[Any, ...]) -> None:
    # The interpreter ends and has emptied this module: files are still closed and removed then, nothing is unpickled.
    if _handlers is None and event != "pickle.find_class":
        return
    # One look-up for the events of ordinary work: there are thousands of them in a second.
    handle = _handlers.get(event)
    if handle is not None:
        handle(event, args)


def _find_class(event: str, args: tuple[Any, ...]) -> None:
    rules, (module, name) = _rules, (str(args[0]), str(args[1]))
    thread.judged += 1
    if rules is None or (module, name) in rules.free:
        return
    admission = thread.admission
    if admission is not None:
        if (module, name) in admission.names and admission.is_direct(sys._getframe(2)):
            return
    else:
        forget_extensions()
        if readers.admits(sys._getframe(2), module, name, rules.dangerous):
            return
    who = readers.reader(sys._getframe(2))
    _stop(
        Stopped(event=event, module=module, name=name, reader=who),
        f"{who} was unpickling a stream that asks for {module}.{name}, which nobody has decided on.",
        _EARLY,
    )


def _exec(event: str, args: tuple[Any, ...]) -> None:
    rules, code = _rules, args[0]
    if rules is None or not isinstance(code, CodeType):
        return
    file = file_of(code, sys._getframe(2))
    if came_with_a_model(rules.code_folders, file) or came_with_a_model(rules.code_folders, code.co_filename):
        # An empty module body (a package's __init__) does nothing; code equality leaves out the file's name only.
        if code != _EMPTY and not is_approved(code):
            _stop(
                Stopped(event=event, module=file, name=code.co_name, reader=""),
                f"The repository code {os.path.basename(file)} was about to run, "  # noqa: PTH119
                "and nobody has approved it.",
                _APPROVE,
            )
    else:
        _effect(event, args, 3)


def _import(event: str, args: tuple[Any, ...]) -> None:
    path, rules = args[1], _rules
    if rules is None or not isinstance(path, str):
        return  # by name; with a path it is a native library
    if came_with_a_model(rules.code_folders, path):
        _stop(
            Stopped(event=event, module=path, name=str(args[0]), reader=""),
            f"The native library {os.path.basename(path)}, which came with a model, was about to be loaded.",  # noqa: PTH119
            "safeload cannot tell what it does. Ask the publisher for a package that can be installed.",
        )
    _effect(event, args, 3)


def _effect(event: str, args: tuple[Any, ...], up: int = 2) -> None:
    rules = _rules
    if rules is None or not under_way:
        return
    denied = effects.denied(event, args, sys._getframe(up), lambda file: came_with_a_model(rules.code_folders, file))
    if denied is not None:
        stopped = Stopped(event=event, module=event, name=denied.detail, reader=denied.who)
        _stop(stopped, f"{denied.who} was about to {denied.words}.", denied.next)


def _stop(stopped: Stopped, message: str, next: str) -> None:
    _stops.append(replace(stopped, message=message))
    stop = Stop(message, module=stopped.module, name=stopped.name, next=next)
    raise stops.as_error(stop) if workers.answers_with_an_error(sys._getframe(2)) else stop


_ALL: dict[str, Callable[[str, tuple[Any, ...]], None]] = {
    **dict.fromkeys(effects.EVENTS, _effect),
    "pickle.find_class": _find_class,
    "exec": _exec,
    "import": _import,
}
_handlers: dict[str, Callable[[str, tuple[Any, ...]], None]] = {}
