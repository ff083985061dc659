"""How long a template would take by the numbers that stand in it."""

from __future__ import annotations

from jinja2 import nodes

from safeload import limits
from safeload.lean import TYPE_CHECKING, Iterator
from safeload.parsers.external.jinja_sources import numbers

if TYPE_CHECKING:
    from safeload.parsers.external.jinja_flow import Flow


def work(tree: nodes.Template, flow: Flow) -> int:
    """How often the innermost loop runs by the numbers that stand in the template, or how long a text it makes."""
    most = 1
    waiting: list[tuple[nodes.Node, int]] = [(tree, 1)]
    while waiting:
        node, times = waiting.pop()
        if isinstance(node, nodes.For):
            times *= _times(node.iter, flow)
        elif isinstance(node, nodes.Mul | nodes.Pow):
            times *= max((abs(n) for n in _constants(node)), default=1)
            times = limits.TEMPLATE_WORK if isinstance(node, nodes.Pow) and times > limits.TEMPLATE_POWER else times
        most = max(most, times)
        waiting.extend((child, min(times, limits.TEMPLATE_WORK)) for child in node.iter_child_nodes())
    return min(most, limits.TEMPLATE_WORK)


def _times(node: nodes.Node, flow: Flow) -> int:
    """The length of `range` of numbers, looked for through filters that keep it."""
    while isinstance(node, nodes.Filter) and node.node is not None:
        node = node.node
    if not isinstance(node, nodes.Call) or not isinstance(node.node, nodes.Name):
        return 1
    if flow.sources(node.node) != {"range"}:
        return 1
    held = [max((abs(n) for n in _held(item, flow)), default=0) for item in node.args]
    return max(1, *(held[:2] or [1])) // max(1, held[2] if len(held) > 2 else 1)


def _held(node: nodes.Node, flow: Flow) -> tuple[int, ...]:
    return (*numbers(flow.sources(node)), *_constants(node))


def _constants(node: nodes.Node) -> Iterator[int]:
    for item in (node, *node.iter_child_nodes()):
        if isinstance(item, nodes.Const) and type(item.value) is int:
            yield item.value
