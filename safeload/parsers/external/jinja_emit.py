"""The text that statements of a template write or assign."""

from __future__ import annotations

from jinja2 import nodes

from safeload import limits
from safeload.lean import TYPE_CHECKING, Iterable, field, record
from safeload.parsers.external.jinja_sources import name_of, texts, walk

if TYPE_CHECKING:
    from safeload.parsers.external.jinja_flow import Flow


def emitted(body: Iterable[nodes.Node], flow: Flow) -> tuple[str, ...]:
    """Each text once, in order; pieces that follow each other are one. Macros count where they are called."""
    runs = _Runs(flow)
    runs.read(body)
    return tuple(dict.fromkeys(run for run in runs.found if run.strip()))


@record(slots=True)
class _Runs:
    flow: Flow
    found: list[str] = field(default_factory=list)
    entered: set[str] = field(default_factory=set)
    joining: bool = False

    def read(self, body: Iterable[nodes.Node]) -> None:
        waiting: list[nodes.Node] = list(body)[::-1]
        while waiting:
            if len(self.found) > limits.TEMPLATE_ADDED:
                self.flow.cut = True
                return
            node = waiting.pop()
            if isinstance(node, nodes.Output):
                for item in node.nodes:
                    waiting.extend(reversed(self._written(item)))
            elif isinstance(node, nodes.Assign | nodes.ExprStmt):
                self.found.extend(texts(self.flow.sources(node.node)))
                waiting.extend(reversed(self._macros(node.node)))
            elif not isinstance(node, nodes.Expr | nodes.Macro):
                self.joining = False
                waiting.extend(reversed(list(node.iter_child_nodes(exclude=("test", "iter", "target")))))

    def _written(self, item: nodes.Node) -> list[nodes.Node]:
        text = self.flow.fold(item)
        if text is None:
            self.joining = False
            self.found.extend(texts(self.flow.sources(item)))
            return self._macros(item)
        if self.joining:
            self.found[-1] += text
        else:
            self.found.append(text)
        self.joining = True
        return []

    def _macros(self, item: nodes.Node) -> list[nodes.Node]:
        """The bodies of the macros that are called in an expression, each once."""
        called = {name_of(node.node) for node in walk(item) if isinstance(node, nodes.Call)}
        new = sorted((called & self.flow.macros.keys()) - self.entered)
        self.entered.update(new)
        return [statement for name in new for statement in self.flow.macros[name].body]
