"""Where the values of a Jinja template come from: names followed through its assignments, without running it.

Names are followed without regard to order or scope: what a name may hold anywhere, it holds everywhere, so nothing is
lost by a detour.
"""

from __future__ import annotations

from jinja2 import nodes

from safeload import limits
from safeload.lean import Any, Final, Iterable
from safeload.parsers.external.jinja_sources import (
    CASES,
    COUNTED,
    NUMBER,
    PUTS,
    TESTED,
    TEXT,
    Sources,
    arguments_of,
    counters_of,
    far,
    later,
    name_of,
    paths,
    step,
    targets_of,
    tests_of,
    texts,
    walk,
)
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

_CHECKS: Final = frozenset({"int", "float"})  # what a text becomes tells what was in it, as `isupper()` does
_KEY: Final = 100  # characters of one key that are kept
_NONE: Sources = frozenset()
_ROUNDS: Final = 20  # names that a value goes through against the order of lines; ordinary ones settle in six


class Flow:
    """The names of one template. `bound` holds what each may come from; `cut` tells that some text was not kept."""

    def __init__(self, tree: nodes.Template) -> None:
        self.cut = False
        self.bound: dict[str, Sources] = {}
        self.macros = {node.name: node for node in tree.find_all(nodes.Macro)}
        binding = (nodes.Assign, nodes.AssignBlock, nodes.For, nodes.With, nodes.Call, nodes.Macro, nodes.CallBlock)
        found = [node for node in walk(tree) if isinstance(node, binding)]
        self.counting = {id(node) for node in counters_of(tree)}
        decided = [(list(tests_of(node.test)), list(targets_of(node))) for node in tree.find_all(nodes.If)]
        for _ in range(_ROUNDS):
            before = dict(self.bound)
            for node in found:
                self._bind_node(node)
            for tests, targets in decided:
                self._decide(tests, targets)
            if self.bound == before:
                return
        raise Refused("values that go from name to name to name", reason=GapReason.LIMIT)

    def _bind_node(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Assign):
            self._assign(node.target, node.node)
            if id(node) in self.counting:
                self._bind(node.target, COUNTED)
        elif isinstance(node, nodes.AssignBlock):
            written = [self.sources(item) for out in node.find_all(nodes.Output) for item in out.nodes]
            self._bind(node.target, frozenset().union(*written))
        elif isinstance(node, nodes.For):
            self._bind(node.target, step(self.sources(node.iter), "[]"))
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=False):
                self._bind(target, self.sources(value))
        elif isinstance(node, nodes.Macro):
            for name, value in zip(reversed(node.args), reversed(node.defaults), strict=False):
                self._bind(name, self.sources(value))
            written = [self.sources(item) for out in node.find_all(nodes.Output) for item in out.nodes]
            self._add(f"{node.name}()", paths(_NONE.union(*written)))
        elif isinstance(node, nodes.CallBlock):
            for name in node.args:
                self._bind(name, self.bound.get("caller()", _NONE))
        elif isinstance(node, nodes.Call):
            self._bind_call(node)

    def _bind_call(self, node: nodes.Call) -> None:
        """What is given to a macro is what its names hold; what is put into a list or table is in it."""
        given = self._all(arguments_of(node))
        if isinstance(node.node, nodes.Getattr) and node.node.attr in PUTS:
            self._bind(node.node.node, given | COUNTED if id(node) in self.counting else given)
        name = name_of(node.node)
        if name == "caller":
            self._add("caller()", given)
        if name not in self.macros:
            return
        macro = self.macros[name]
        for target, value in zip(macro.args, node.args, strict=False):
            self._bind(target, self.sources(value))
        for pair in node.kwargs:
            self._add(pair.key, self.sources(pair.value))
        named = {target.name for target in macro.args}
        if len(node.args) > len(macro.args) or any(pair.key not in named for pair in node.kwargs):
            self._add("varargs", given)
            self._add("kwargs", given)

    def _decide(self, tests: list[nodes.Node], targets: list[nodes.Node]) -> None:
        """What is set where a text was found tells that it was found."""
        for test in tests:
            sources = self._all(test.iter_child_nodes())
            if any(text.strip() for text in texts(sources)):
                for target in targets:
                    self._bind(target, paths(step(sources, TESTED)))

    def _assign(self, target: nodes.Node, value: nodes.Node) -> None:
        self._bind(target, self.sources(value))
        if isinstance(target, nodes.Name) and isinstance(value, nodes.Call) and name_of(value.node) == "namespace":
            for pair in value.kwargs:
                self._add(f"{target.name}.{pair.key}", self.sources(pair.value))

    def _bind(self, target: nodes.Node, sources: Sources) -> None:
        if isinstance(target, nodes.Name):
            self._add(target.name, sources)
        elif isinstance(target, nodes.NSRef):
            self._add(f"{target.name}.{target.attr}", sources)
        elif isinstance(target, nodes.Getattr) and f"{name_of(target.node)}.{target.attr}" in self.bound:
            self._add(f"{name_of(target.node)}.{target.attr}", sources)
        elif isinstance(target, nodes.Tuple):
            for item in target.items:
                self._bind(item, sources)

    def _add(self, name: str, sources: Sources) -> None:
        known = self.bound[name] = self.bound.get(name, _NONE) | sources
        if len(known) > limits.TEMPLATE_SOURCES:
            raise Refused(f"a name with more than {limits.TEMPLATE_SOURCES:,} values", reason=GapReason.LIMIT)

    def sources(self, node: nodes.Node | None) -> Sources:
        """Where a value may come from."""
        if node is None:
            return _NONE
        folded = self.fold(node)
        if folded is not None:
            return frozenset({TEXT + folded})
        if isinstance(node, nodes.Const):
            return frozenset({f"{NUMBER}{node.value}"}) if type(node.value) is int else _NONE
        if isinstance(node, nodes.Name):
            return self.bound.get(node.name) or frozenset({node.name})
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            return self._member(node)
        if isinstance(node, nodes.Filter):
            inner = step(self.sources(node.node), f"|{node.name}")
            for name in self._attributes(node):
                inner = step(inner, f".{name}")
            inner = step(inner, TESTED) if node.name in _CHECKS else inner
            return inner | self._all(node.args) if node.name in ("default", "d") else inner
        if isinstance(node, nodes.Call):
            return self._call(node)
        if isinstance(node, nodes.Compare | nodes.Test | nodes.Not):
            return paths(step(self._all(node.iter_child_nodes()), TESTED))
        if isinstance(node, nodes.CondExpr):
            branches = self._all([item for item in (node.expr1, node.expr2) if item is not None])
            return branches | paths(step(self.sources(node.test), TESTED))
        return self._all(node.iter_child_nodes())

    def _all(self, found: Iterable[nodes.Node]) -> Sources:
        every: Sources = _NONE
        for node in found:
            every |= self.sources(node)
        return every

    def _attributes(self, node: nodes.Filter) -> list[str]:
        """What `map(attribute='content')` and the like take out of each item."""
        given = [pair.value for pair in node.kwargs if pair.key == "attribute"]
        given += node.args[:1] if node.name in ("groupby", "sum", "unique", "min", "max") else []
        return [name for item in given if (name := self.fold(item)) is not None]

    def _member(self, node: Any) -> Sources:
        key = node.attr if isinstance(node, nodes.Getattr) else self.fold(node.arg)
        if key is None:
            held = self.sources(node.node)
            return frozenset(map(later, held)) if far(node.arg) else held
        own = f"{name_of(node.node)}.{key}"
        return self.bound[own] if own in self.bound else step(self.sources(node.node), f".{key[:_KEY]}")

    def _call(self, node: nodes.Call) -> Sources:
        arguments = arguments_of(node)
        if isinstance(node.node, nodes.Getattr):
            key = self.fold(arguments[0]) if node.node.attr == "get" and arguments else None
            way = f".{key[:_KEY]}" if key is not None else f".{node.node.attr}()"
            rest = arguments[1:] if key is not None else [a for a in arguments if self.fold(a) is None]
            found = step(self.sources(node.node.node), way)
            asks = node.node.attr.startswith("is") or node.node.attr == "changed"
            return (step(found, TESTED) if asks else found) | self._all(rest)
        name = name_of(node.node)
        if name in self.macros:
            return self._all(arguments) | self.bound.get(f"{name}()", _NONE)
        # A function that was given to a variable is that function.
        called = step(paths(self.sources(node.node)), "()") if name in self.bound else frozenset({f"{name}()"})
        return paths(self._all(arguments)) | called

    def fold(self, node: nodes.Node | None, depth: int = 0) -> str | None:
        """The text that an expression always is: pieces put together, or a name that holds nothing else."""
        if depth > limits.TEMPLATE_FOLDS:
            return None
        if isinstance(node, nodes.Const):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, nodes.TemplateData):
            return node.data
        if isinstance(node, nodes.Name):
            held = self.bound.get(node.name, _NONE)
            only = next(iter(held)) if len(held) == 1 else ""
            return only[1:] if only.startswith(TEXT) else None
        if isinstance(node, nodes.Concat):
            return self._joined(node.nodes, "", depth)
        if isinstance(node, nodes.Add):
            return self._joined([node.left, node.right], "", depth)
        if isinstance(node, nodes.Filter) and node.node is not None:
            return self._filtered(node, depth)
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Slice):
            return self._reversed(node, depth)
        return None

    def _filtered(self, node: nodes.Filter, depth: int) -> str | None:
        if node.name == "join" and isinstance(node.node, nodes.List | nodes.Tuple):
            between = self.fold(node.args[0], depth + 1) if node.args else ""
            return None if between is None else self._joined(node.node.items, between, depth)
        inner = self.fold(node.node, depth + 1)
        if inner is None:
            return None
        if node.name == "reverse":
            return inner[::-1]
        return CASES[node.name](inner) if node.name in CASES and not node.args else None

    def _reversed(self, node: nodes.Getitem, depth: int) -> str | None:
        inner, cut = self.fold(node.node, depth + 1), node.arg
        if inner is None or not isinstance(cut, nodes.Slice) or cut.start or cut.stop:
            return None
        back = isinstance(cut.step, nodes.Neg) and isinstance(cut.step.node, nodes.Const) and cut.step.node.value == 1
        return inner[::-1] if back else None

    def _joined(self, items: Iterable[nodes.Node], between: str, depth: int) -> str | None:
        pieces = [self.fold(item, depth + 1) for item in items]
        if any(piece is None for piece in pieces):
            return None
        whole = between.join(piece for piece in pieces if piece is not None)
        return whole if len(whole) <= limits.TEMPLATE else None
