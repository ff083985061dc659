"""The modules that hold a function under a name of their own, since before the guard was turned on."""

from __future__ import annotations

import functools
import sys

from safeload.lean import Any, Iterator, Sequence


def holders(functions: Sequence[Any]) -> Iterator[tuple[Any, str, Any]]:
    """Every module that has one of `functions`, under which name, and what stands there: it, or a part of a call."""
    wanted = {id(function): function for function in functions}
    waiting = list(sys.modules.values()) if wanted else []
    seen = {id(module) for module in waiting}
    while waiting:
        module = waiting.pop()
        for name, value in list(getattr(module, "__dict__", {}).items()):
            if id(value) in wanted or (type(value) is functools.partial and id(value.func) in wanted):
                yield module, name, value
            elif type(value).__name__ == "_LazyModule" and id(value) not in seen:
                # transformers replaces its module while it is imported: who came first holds another object.
                seen.add(id(value))
                waiting.append(value)
