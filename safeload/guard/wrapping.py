"""The wrappers around the entry points of libraries: put there, found, and exactly put back."""

from __future__ import annotations

import functools
import sys

from safeload.guard.holders import holders
from safeload.guard.loaders.registry import LOADERS
from safeload.lean import TYPE_CHECKING, Any, Callable, record

if TYPE_CHECKING:
    from types import ModuleType

    from safeload.guard.interface import Entry, Loader

# What a wrapped entry point does instead: the original and what it was given come with the call.
Guard = Callable[["Loader", "Entry", Any, "tuple[Any, ...]", "dict[str, Any]"], Any]

MODULES = frozenset(entry.module for loader in LOADERS for entry in loader.entries)


@record(frozen=True, slots=True, kw_only=True)
class Patched:
    """One wrapped attribute: where it lives, what stood there, what stands there now."""

    owner: Any
    name: str
    original: Any
    wrapper: Any


_patched: list[Patched] = []


def wrap_all(guard: Guard) -> None:
    """Wrap every entry point of what is imported already."""
    for module in sorted(MODULES & sys.modules.keys()):
        wrap_module(sys.modules[module], guard)
    _wrap_copies()


def wrap_module(module: ModuleType, guard: Guard) -> None:
    for loader in LOADERS:
        for entry in loader.entries:
            if entry.module == module.__name__:
                _wrap_entry(loader, entry, module, guard)


def unwrap_all() -> None:
    """Put back exactly what was there."""
    while _patched:
        item = _patched.pop()
        # Somebody else may have wrapped it after us: then theirs stays, and ours inside it passes everything on.
        if vars(item.owner).get(item.name) is item.wrapper:
            setattr(item.owner, item.name, item.original)


def wrapped() -> tuple[str, ...]:
    """Where the wrappers are: the names of modules."""
    return tuple(sorted({getattr(p.owner, "__module__", None) or p.owner.__name__ for p in _patched}))


def _wrap_entry(loader: Loader, entry: Entry, module: ModuleType, guard: Guard) -> None:
    *path, name = entry.attribute.split(".")
    owner: Any = module
    for part in path:
        owner = getattr(owner, part, None)
        if owner is None:  # another version of the library, without this entry point
            return
    owners = [owner, *_descendants(owner)] if entry.family else [owner]
    for each in owners:
        found = vars(each).get(name)
        if found is None or any(p.owner is each and p.name == name and p.wrapper is found for p in _patched):
            continue
        # A module that was imported while the guard was on has copied a wrapper: it is put back there too.
        original, wrapper = next(((p.original, found) for p in _patched if p.wrapper is found), (found, None))
        if wrapper is None:
            wrapper = _wrapper(loader, entry, original, guard)
            setattr(each, name, wrapper)
        _patched.append(Patched(owner=each, name=name, original=original, wrapper=wrapper))


def _wrap_copies() -> None:
    """Where `from module import function` was said before the guard was turned on."""
    wanted = {(entry.module, entry.attribute) for loader in LOADERS for entry in loader.entries if entry.everywhere}
    known = {id(p.original): p for p in _patched if (getattr(p.owner, "__name__", ""), p.name) in wanted}
    for module, name, value in list(holders([p.original for p in known.values()])):
        item = known[id(getattr(value, "func", value))]
        if getattr(module, name) is value:
            bound = isinstance(value, functools.partial)
            wrapper = functools.partial(item.wrapper, *value.args, **value.keywords) if bound else item.wrapper
            setattr(module, name, wrapper)
            _patched.append(Patched(owner=module, name=name, original=value, wrapper=wrapper))


def _descendants(owner: Any) -> list[Any]:
    children = type.__subclasses__(owner)
    return children + [d for child in children for d in _descendants(child)]


def _wrapper(loader: Loader, entry: Entry, original: Any, guard: Guard) -> Any:
    if isinstance(original, classmethod):
        function = original.__func__

        @functools.wraps(function)
        def method(cls: type, *args: Any, **kwargs: Any) -> Any:
            return guard(loader, entry, function, (cls, *args), kwargs)

        return classmethod(method)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        return guard(loader, entry, original, args, kwargs)

    # Where it is found, so that it can be sent to another process: `pickle.loads` is at home in `_pickle`.
    call.__module__ = entry.module
    return call
