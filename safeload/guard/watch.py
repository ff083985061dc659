"""Calls back right after a module was imported for the first time, before anybody else sees it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from types import ModuleType

from safeload.lean import Any, Callable, Collection, Sequence

Imported = Callable[[ModuleType], None]


class Watch(importlib.abc.MetaPathFinder):
    """A finder that finds nothing itself: it lets the others find the watched modules, and follows their loader."""

    def __init__(self, modules: Collection[str], imported: Imported) -> None:
        self._modules = frozenset(modules)
        self._imported = imported

    def start(self) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._modules:
            return None
        spec = self._found_by_others(fullname, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Following(spec.loader, self._imported)
        return spec

    def _found_by_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    return spec
        return None


class _Following(importlib.abc.Loader):
    """The module's own loader, then the callback."""

    def __init__(self, inner: Any, imported: Imported) -> None:
        self._inner = inner
        self._imported = imported

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._inner.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        # The module keeps its own loader: tools look at it.
        module.__loader__ = self._inner
        if module.__spec__ is not None:
            module.__spec__.loader = self._inner
        self._inner.exec_module(module)
        self._imported(module)
