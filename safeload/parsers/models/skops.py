"""What the schema of a skops file names: the type of every object, and the loader that makes it.

https://skops.readthedocs.io/en/stable/persistence.html
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any
from safeload.parsers.jsonwalk import walk

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions


def say(value: Any, said: Mentions) -> None:
    """Mentions of every node: its loader, its module and name. Raises `Refused`."""
    for where, item in walk(value):
        if "__loader__" not in item:
            continue
        loader, module, name = (item.get(key) for key in ("__loader__", "__module__", "__class__"))
        if not (isinstance(loader, str) and isinstance(module, str) and isinstance(name, str)):
            said.add("skops-odd", f"{loader!r:.80} of {module!r:.80}.{name!r:.80}", where)
            continue
        said.add("skops-node", f"{loader}:{module}:{name}", where)
        if loader == "OperatorFuncNode":  # which takes this name of `operator`, whatever the module says
            said.add("skops-node", f"{loader}:operator:{name}", where)
        content = item.get("content")
        if not isinstance(content, dict):
            continue
        if loader == "MethodNode":
            said.add("skops-method", str(content.get("func"))[:200], where)
        if "module_path" in content or "function" in content:  # as the first protocol had functions
            said.add(
                "skops-node", f"{loader}:{content.get('module_path')!s:.400}:{content.get('function')!s:.400}", where
            )
