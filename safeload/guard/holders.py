"""The modules that hold a function under a name of their own, since before the guard was turned on."""

from __future__ import annotations

import functools
import sys
from types import FunctionType, ModuleType

from safeload.lean import Any, Iterator, Sequence


def holders(functions: Sequence[Any]) -> Iterator[tuple[Any, str, Any]]:
    """Every module that has one of `functions`, under which name, and what stands there: it, or a part of a call.

    Never by `id`, which raises an audit event: there are half a million names in a process with torch.
    """
    wanted = frozenset(functions)
    waiting = list(sys.modules.values()) if wanted else []
    # transformers replaces its module while it is imported: who came first holds another object of that kind.
    lazy = {type(module) for module in waiting if isinstance(module, ModuleType)} - {ModuleType}
    kinds = {FunctionType, functools.partial, *lazy}
    seen: list[Any] = []
    while waiting:
        module = waiting.pop()
        names = getattr(module, "__dict__", None)
        for name, value in [pair for pair in list((names or {}).items()) if type(pair[1]) in kinds]:
            kind = type(value)
            if kind is FunctionType:
                if value in wanted:
                    yield module, name, value
            elif kind is functools.partial:  # timm keeps a download so
                if isinstance(value.func, FunctionType) and value.func in wanted:
                    yield module, name, value
            elif not any(value is other for other in seen) and sys.modules.get(value.__name__) is not value:
                seen.append(value)
                waiting.append(value)
