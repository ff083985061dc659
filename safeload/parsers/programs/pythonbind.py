"""The first walk over a syntax tree: every namespace, and what each name in it is bound to."""

from __future__ import annotations

import ast

from safeload import limits
from safeload.lean import Final, Iterator
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.programs.pythonnames import HERE, Names, Scope, Value

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINED: Final = (*_FUNCTIONS, ast.ClassDef)


def bind(tree: ast.Module) -> tuple[Names, set[str]]:
    """The names of a program, and the modules that it imports. Raises `Refused` beyond the limits."""
    names, imports = Names(), set[str]()
    waiting: list[tuple[ast.AST, Scope, int]] = [(tree, Scope(kind="module"), 0)]
    nodes = 0
    while waiting:
        node, scope, depth = waiting.pop()
        nodes += 1
        if nodes > limits.CODE_NODES or depth > limits.CODE_NESTING:
            raise Refused("a program too large or too deeply nested to be read", reason=GapReason.LIMIT)
        inner = _entered(node, scope, names)
        _bind(node, scope, names, imports)
        # In the order of the source: `global x` counts from where it stands.
        children = reversed(list(ast.iter_child_nodes(node)))
        waiting.extend((child, scope_of(node, child, scope, inner), depth + 1) for child in children)
    return names, imports


def _entered(node: ast.AST, scope: Scope, names: Names) -> Scope:
    """The namespace of what stands inside a node."""
    inner = scope
    if isinstance(node, _FUNCTIONS):
        inner = Scope(kind="function", parent=_around(scope), owner=node.name)
        _parameters(node.args, inner)
    elif isinstance(node, ast.Lambda):
        inner = Scope(kind="function", parent=_around(scope), owner=scope.owner)
        _parameters(node.args, inner)
    elif isinstance(node, ast.ClassDef):
        inner = Scope(kind="class", parent=scope, owner=scope.owner)
    names.scopes[id(node)] = inner
    return inner


def _around(scope: Scope) -> Scope:
    """A method does not see the names of its class."""
    while scope.kind == "class" and scope.parent is not None:
        scope = scope.parent
    return scope


def scope_of(parent: ast.AST, child: ast.AST, scope: Scope, inner: Scope) -> Scope:
    """Decorators, defaults, bases and annotations belong to the namespace around."""
    if isinstance(parent, _DEFINED) and not isinstance(child, ast.stmt):
        return scope
    return inner


def _parameters(arguments: ast.arguments, scope: Scope) -> None:
    plain = [*arguments.posonlyargs, *arguments.args]
    for argument in [*plain, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if argument is not None:
            scope.bind(argument.arg, None)
    for argument, default in zip(reversed(plain), reversed(arguments.defaults), strict=False):
        scope.bind(argument.arg, default)
    for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        scope.bind(argument.arg, value)


def _bind(node: ast.AST, scope: Scope, names: Names, imports: set[str]) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            imports.add(alias.name)
            scope.bind(alias.asname or alias.name.partition(".")[0],
                       alias.name if alias.asname else alias.name.partition(".")[0])  # fmt: skip
    elif isinstance(node, ast.ImportFrom):
        _import_from(node, scope, names, imports)
    elif isinstance(node, _DEFINED):
        scope.bind(node.name, HERE + node.name)
    elif isinstance(node, ast.Global):
        scope.outer.update(node.names)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        scope.bind(node.name, None)
    else:
        for target, value in _assigned(node):
            _assign(target, value, scope, names)


def _import_from(node: ast.ImportFrom, scope: Scope, names: Names, imports: set[str]) -> None:
    module = "." * node.level + (node.module or "")
    imports.add(module)
    for alias in node.names:
        if alias.name == "*":
            names.stars.extend([module] if not node.level else [])
        else:
            dotted = f"{module}{'' if module.endswith('.') else '.'}{alias.name}"
            scope.bind(alias.asname or alias.name, dotted)


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.AugAssign):
        yield node.target, None
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        listed = node.iter.elts if isinstance(node.iter, ast.List | ast.Tuple | ast.Set) else []
        yield node.target, None
        for value in listed[: limits.CODE_MEANINGS]:
            yield node.target, value


def _assign(target: ast.expr, value: Value | None, scope: Scope, names: Names) -> None:
    if isinstance(target, ast.Name):
        scope.bind(target.id, value)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and value is not None:
        if target.value.id in ("self", "cls"):
            names.attributes.setdefault(target.attr, []).append((value, scope))
    elif isinstance(target, ast.Starred):
        _assign(target.value, None, scope, names)
    elif isinstance(target, ast.Tuple | ast.List):
        values = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
        for index, item in enumerate(target.elts):
            _assign(item, values[index] if values is not None else None, scope, names)
