"""What the nodes of a syntax tree are to each other."""

from __future__ import annotations

import ast

from safeload.lean import Final

# What hands a value on without calling it.
_KEEPING: Final = (
    ast.Return, ast.Yield, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Starred, ast.keyword, ast.Assign, ast.AnnAssign,
    ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.Lambda, ast.IfExp, ast.BoolOp,
)  # fmt: skip


def is_byte(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < 256


def own(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def is_main(test: ast.expr) -> bool:
    """`__name__ == "__main__"`"""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and getattr(test.comparators[0], "value", None) == "__main__"
    )


def parts(node: ast.AST) -> list[tuple[ast.AST, str]]:
    """The children of a node, each with what it is to it."""
    if isinstance(node, ast.Call):
        passed = [*node.args, *(word.value for word in node.keywords)]
        return [(node.func, "func"), *((item, "passed") for item in passed)]
    part = "documentation" if isinstance(node, ast.Expr) else "kept" if isinstance(node, _KEEPING) else ""
    part = "base" if isinstance(node, ast.Attribute) else part
    return [(child, part) for child in ast.iter_child_nodes(node)]
