"""A library's source as classes, with names followed through imports to where they are defined."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

_DEPTH = 12  # how many re-exports a name is followed through


@dataclass(eq=False)
class Module:
    """One source file. A name may be bound several times (under conditions): all of them count."""

    name: str
    path: Path
    classes: dict[str, list[ast.ClassDef]] = field(default_factory=dict)
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)
    aliases: dict[str, list[ast.expr]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)

    @property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    def fill(self, tree: ast.Module) -> None:
        for node in _top(tree.body):
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.FunctionDef):
                self.functions.setdefault(node.name, []).append(node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self.aliases.setdefault(node.targets[0].id, []).append(node.value)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    target = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imports.setdefault(alias.asname or target, []).append(target)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)

    def _import_from(self, node: ast.ImportFrom) -> None:
        start = self.package.split(".")[: len(self.package.split(".")) - node.level + 1] if node.level else []
        base = ".".join([*start, *([node.module] if node.module else [])])
        for alias in node.names:
            if alias.name == "*":
                self.stars.append(base)
            else:
                self.imports.setdefault(alias.asname or alias.name, []).append(f"{base}.{alias.name}")


@dataclass(frozen=True, eq=False)
class Class:
    """One class definition."""

    module: Module
    node: ast.ClassDef

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def dotted(self) -> str:
        return f"{self.module.name}.{self.node.name}"

    @cached_property
    def methods(self) -> tuple[ast.FunctionDef, ...]:
        return tuple(item for item in _top(self.node.body) if isinstance(item, ast.FunctionDef))

    @cached_property
    def bound(self) -> frozenset[str]:
        """Names that the class body binds, under conditions too."""
        names = {item.name for item in self.methods}
        for item in _top(self.node.body):
            targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
        return frozenset(names)

    @cached_property
    def members(self) -> frozenset[str]:
        """Of an enumeration: names that its body gives a value, but for functions, which become its methods."""
        given = [item for item in _top(self.node.body) if isinstance(item, ast.Assign)]
        values = [(target.id, item.value) for item in given for target in item.targets if isinstance(target, ast.Name)]
        return frozenset(
            name for name, value in values if not name.startswith("_") and not isinstance(value, ast.Lambda)
        )


class Sources:
    """The folders in which packages are looked for, in their order."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self._modules: dict[str, Module | None] = {}
        self._classes: dict[int, Class] = {}

    def package(self, name: str) -> Iterator[Module]:
        """Every module of a package, sorted by name."""
        root = next(folder / name for folder in self.folders if (folder / name).is_dir())
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).with_suffix("").parts
            if all(part.isidentifier() for part in parts):
                module = self.find(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
                if module is not None:
                    yield module

    def release(self, distribution: str) -> str:
        found = sorted(path for folder in self.folders for path in folder.glob(f"{distribution}-*.dist-info"))
        return found[0].name.removesuffix(".dist-info").split("-")[1].partition("+")[0]

    def one(self, module: Module, node: ast.ClassDef) -> Class:
        return self._classes.setdefault(id(node), Class(module, node))

    def find(self, dotted: str) -> Module | None:
        if dotted not in self._modules:
            self._modules[dotted] = self._parse(dotted)
        return self._modules[dotted]

    def _parse(self, dotted: str) -> Module | None:
        parts = dotted.split(".")
        for folder in self.folders:
            for path in (folder.joinpath(*parts, "__init__.py"), folder.joinpath(*parts).with_suffix(".py")):
                if path.is_file():
                    module = Module(name=dotted, path=path)
                    try:
                        module.fill(ast.parse(path.read_bytes()))
                    except SyntaxError:
                        return None  # a template, or Python 2: nothing can be imported from it
                    return module
        return None

    def resolve(self, module: Module, expression: ast.expr, depth: int = 0) -> set[Class | str]:
        """What an expression in a module's source stands for: classes, or dotted names of what has no source here."""
        if isinstance(expression, ast.Subscript):
            return self.resolve(module, expression.value, depth)
        parts = dotted_parts(expression)
        return self._named(module, parts, depth) if parts else {f"<{ast.unparse(expression)[:60]}>"}

    def _named(self, module: Module, parts: list[str], depth: int) -> set[Class | str]:
        head, rest = parts[0], parts[1:]
        if depth > _DEPTH:
            return {f"<{'.'.join(parts)} is imported in a circle>"}
        found: set[Class | str] = set()
        if not rest:
            found |= {self.one(module, node) for node in module.classes.get(head, ())}
            for value in module.aliases.get(head, ()):
                if dotted_parts(value) not in ([], [head]):
                    found |= self.resolve(module, value, depth + 1)
                elif isinstance(value, ast.Call) and head not in module.classes:
                    found.add(f"<{ast.unparse(value)[:60]}>")
        for target in module.imports.get(head, ()):
            found |= self.dotted(".".join((target, *rest)), depth + 1)
        if any(isinstance(one, Class) for one in found):
            found = {one for one in found if not (isinstance(one, str) and one.endswith("in a circle>"))}
        if not found:
            found = self._starred(module, parts, depth)
        if not found:
            known = not rest and hasattr(builtins, head)
            found = {f"builtins.{head}" if known else f"<{module.name}: {'.'.join(parts)}>"}
        return found

    def _starred(self, module: Module, parts: list[str], depth: int) -> set[Class | str]:
        for star in module.stars:
            other = self.find(star)
            names = () if other is None else (other.classes, other.imports, other.aliases)
            if other is not None and (any(parts[0] in bound for bound in names) or other.stars):
                found = self._named(other, parts, depth + 1)
                if not all(isinstance(one, str) and one.startswith("<") for one in found):
                    return found
        return set()

    def dotted(self, name: str, depth: int = 0) -> set[Class | str]:
        """What a dotted name stands for: the longest part of it that is a module here, then what that module binds."""
        parts = name.split(".")
        for split in range(len(parts) - 1, 0, -1):
            module = self.find(".".join(parts[:split]))
            if module is not None:
                return self._named(module, parts[split:], depth)
        return {name}

    def function(self, module: Module, parts: list[str], depth: int = 0) -> tuple[Module, ast.FunctionDef] | None:
        """The function that a call names, if its source is here."""
        if depth > _DEPTH:
            return None
        if len(parts) == 1 and parts[0] in module.functions:
            return module, module.functions[parts[0]][0]
        for target in module.imports.get(parts[0], ()):
            whole = ".".join((target, *parts[1:])).split(".")
            for split in range(len(whole) - 1, 0, -1):
                other = self.find(".".join(whole[:split]))
                if other is not None:
                    found = self.function(other, whole[split:], depth + 1) if other is not module else None
                    if found:
                        return found
                    break
        return None


def dotted_parts(expression: ast.expr) -> list[str]:
    """`a.b.c` as its parts; nothing for any other expression."""
    if isinstance(expression, ast.Name):
        return [expression.id]
    if isinstance(expression, ast.Attribute):
        before = dotted_parts(expression.value)
        return [*before, expression.attr] if before else []
    return []


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a body, also those under conditions, but not inside functions or classes."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
            for part in ("body", "orelse", "finalbody"):
                yield from _top(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _top(handler.body)
