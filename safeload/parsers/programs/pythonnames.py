"""Which importable things an expression of a Python program may stand for."""

from __future__ import annotations

import ast
import builtins

from safeload import limits
from safeload.lean import Final, Iterable, Iterator, field, record

HERE: Final = ":"  # before the name of a function or class of the program itself
ANY: Final = "?"  # something that the text does not name
_LONGEST: Final = 200  # characters of a dotted name
_DEEPEST: Final = 60  # steps of one resolution: aliases of aliases
_PIECES: Final = 4_096  # characters of a text that is put together from literals
_BUILTINS: Final = frozenset(dir(builtins))
_IMPORTERS: Final = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_KEEPS: Final = ("functools.partial", "builtins.staticmethod", "builtins.classmethod")  # a function stays what it is

Value = ast.expr | str


@record(slots=True, eq=False)
class Scope:
    """One namespace: `values` are all that each name is bound to anywhere in it, in no order."""

    kind: str  # module, function, class
    parent: Scope | None = None
    owner: str = ""  # the function whose code this is; "" runs at import
    values: dict[str, list[Value]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global or nonlocal

    def bind(self, name: str, value: Value | None) -> None:
        home = self
        while name in home.outer and home.parent is not None:
            home = home.parent
        known = home.values.setdefault(name, [])
        if value is not None:
            known.append(value)


@record(slots=True)
class Names:
    """Resolution for one program. `attributes` are values that were given to `self.x` anywhere in it."""

    scopes: dict[int, Scope] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    attributes: dict[str, list[tuple[Value, Scope]]] = field(default_factory=dict)
    crowded: bool = False
    _cuts: int = 0
    _known: dict[tuple[str, int], tuple[str, ...]] = field(default_factory=dict)
    _open: set[tuple[str, int]] = field(default_factory=set)

    def of(self, node: ast.AST, scope: Scope, depth: int = 0) -> tuple[str, ...]:
        """Every dotted name that the expression may be; empty where nothing is known of it."""
        if depth > _DEEPEST:
            self.crowded = True
            self._cuts += 1
            return ()
        found = dict.fromkeys(self._of(node, scope, depth + 1))
        return tuple(name for name in found if len(name) <= _LONGEST and name.count("()") <= 2)

    def _of(self, node: ast.AST, scope: Scope, depth: int) -> Iterator[str]:
        if isinstance(node, ast.Name):
            yield from self._named(node.id, scope, depth)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node, scope, depth)
        elif isinstance(node, ast.Call):
            yield from self._result(node, scope, depth)
        elif isinstance(node, ast.Subscript):
            yield from self._item(node, scope, depth)
        elif isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            yield from self.of(node.value, scope, depth)
        elif isinstance(node, ast.IfExp):
            for branch in (node.body, node.orelse):
                yield from self.of(branch, scope, depth)
        elif isinstance(node, ast.BoolOp):
            for branch in node.values:
                yield from self.of(branch, scope, depth)

    def _named(self, name: str, scope: Scope, depth: int) -> tuple[str, ...]:
        """All scopes around count, not the innermost: a comprehension's variable must not hide a module."""
        key = (name, id(scope))
        if key in self._known:
            return self._known[key]
        if key in self._open:
            self._cuts += 1
            return ()
        self._open.add(key)
        cuts = self._cuts
        found: dict[str, None] = {}
        at: Scope | None = scope
        while at is not None:
            for value in at.values.get(name, ()):
                found.update(dict.fromkeys([value] if isinstance(value, str) else self.of(value, at, depth)))
            at = at.parent
        if name == "__builtins__":
            found["builtins"] = None
        elif name in _BUILTINS:
            found[f"builtins.{name}"] = None
        else:
            found.update(dict.fromkeys(f"{star}.{name}" for star in self.stars))
        self._open.discard(key)
        self.crowded |= len(found) > limits.CODE_MEANINGS
        answer = tuple(found)[: limits.CODE_MEANINGS]
        if not self._open or cuts == self._cuts:
            self._known[key] = answer  # else it is a part only: a cycle was cut
        return answer

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> Iterator[str]:
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        if own and ("." + node.attr, 0) not in self._open:
            self._open.add(("." + node.attr, 0))
            for value, where in self.attributes.get(node.attr, ()):
                yield from [value] if isinstance(value, str) else self.of(value, where, depth)
            self._open.discard(("." + node.attr, 0))
        for base in self.of(node.value, scope, depth):
            yield f"{base}.{node.attr}"

    def _result(self, node: ast.Call, scope: Scope, depth: int) -> Iterator[str]:
        for name in self.of(node.func, scope, depth):
            first = node.args[0] if node.args else None
            if name in _IMPORTERS and first is not None:
                module = self.text(first, scope, depth)
                yield module.lstrip(".") if module else ANY
            elif name == "builtins.getattr" and len(node.args) >= 2 and first is not None:
                attribute = self.text(node.args[1], scope, depth)
                known = self.of(first, scope, depth) or ((ANY,) if attribute else ())
                yield from (f"{base}.{attribute or ANY}" for base in known)
            elif name == "builtins.vars" and first is not None:
                yield from (f"{base}.__dict__" for base in self.of(first, scope, depth))
            elif name == "operator.attrgetter()" and first is not None:
                inner = node.func.args[0] if isinstance(node.func, ast.Call) and node.func.args else first
                attribute = self.text(inner, scope, depth)
                yield from (f"{base}.{attribute or ANY}" for base in self.of(first, scope, depth))
            elif name in _KEEPS and first is not None:
                yield from self.of(first, scope, depth)
            else:
                yield f"{name}()"

    def _item(self, node: ast.Subscript, scope: Scope, depth: int) -> Iterator[str]:
        key = self.text(node.slice, scope, depth)
        for base in self.of(node.value, scope, depth):
            if base == "sys.modules":
                yield key or ANY
            elif base.endswith(".__dict__"):
                yield f"{base.removesuffix('.__dict__')}.{key or ANY}"
            elif base in ("builtins.globals()", "builtins.locals()") and key:
                yield from self._named(key, scope, depth)
            elif base in ("builtins", "builtins.globals().__builtins__") and key:
                yield f"builtins.{key}"
        for value in _items(node.value):
            yield from self.of(value, scope, depth)

    def text(self, node: ast.AST, scope: Scope, depth: int = 0) -> str | None:
        """The text that an expression of literals makes, or None."""
        if depth > _DEEPEST:
            return None
        made = self._text(node, scope, depth + 1)
        return made[:_PIECES] if made is not None else None

    def _text(self, node: ast.AST, scope: Scope, depth: int) -> str | None:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._joined((node.left, node.right), scope, depth)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values, scope, depth)
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, scope, depth)
        if isinstance(node, ast.Subscript) and _backwards(node.slice):
            whole = self.text(node.value, scope, depth)
            return whole[::-1] if whole is not None else None
        if isinstance(node, ast.Call):
            return self._made(node, scope, depth)
        if isinstance(node, ast.Name):
            at: Scope | None = scope
            while at is not None:
                values = at.values.get(node.id, ())
                if len(values) == 1 and not isinstance(values[0], str):
                    return self.text(values[0], at, depth)
                at = at.parent
        return None

    def _made(self, node: ast.Call, scope: Scope, depth: int) -> str | None:
        """`chr(115)` and `"".join(["s", "y"])`."""
        if isinstance(node.func, ast.Name) and node.func.id == "chr" and len(node.args) == 1:
            code = getattr(node.args[0], "value", None)
            return chr(code) if type(code) is int and 0 < code < 0x110000 else None
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(node.args) == 1:
            glue, items = self.text(node.func.value, scope, depth), getattr(node.args[0], "elts", None)
            if glue == "" and items:
                return self._joined(items, scope, depth)
        return None

    def _joined(self, nodes: Iterable[ast.AST], scope: Scope, depth: int) -> str | None:
        pieces = [self.text(node, scope, depth) for node in nodes]
        return None if any(piece is None for piece in pieces) else "".join(piece or "" for piece in pieces)


def _items(node: ast.expr) -> list[ast.expr]:
    """What is in a collection that is written out."""
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return [node.elt]
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def _backwards(node: ast.AST) -> bool:
    """`[::-1]`"""
    if not isinstance(node, ast.Slice) or node.lower is not None or node.upper is not None:
        return False
    step = node.step
    return isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub) and getattr(step.operand, "value", 0) == 1
