"""What a template compares, and what it writes where the comparison decides."""

from __future__ import annotations

from jinja2 import nodes

from safeload import limits
from safeload.lean import Any, Final, Iterable, Iterator, Sequence, replace
from safeload.parsers.external.jinja_emit import emitted
from safeload.parsers.external.jinja_flow import Flow
from safeload.parsers.external.jinja_sources import TESTED, Sources, numbers, paths, step, texts, walk
from safeload.parsers.facts import GapReason, TemplateTest
from safeload.parsers.pickles.ledger import Refused

# Methods of a text that look for another one in it.
_LOOKS: Final = frozenset(
    {"startswith", "endswith", "find", "rfind", "index", "rindex", "count", "split", "rsplit", "partition",
     "rpartition", "replace", "removeprefix", "removesuffix", "strip", "lstrip", "rstrip", "get", "pop"}
)  # fmt: skip
_TABLES: Final = frozenset({"get", "pop"})
# Filters that write what they are given, depending on what they are applied to.
_WRITES: Final = frozenset({"replace", "join", "default", "d"})
_SELECTS: Final = frozenset({"select", "reject", "selectattr", "rejectattr"})
_ORDERS: Final = frozenset({"sort", "min", "max", "unique"})
# Two values of which one says whether, or how often, the other is written.
_PAIRS: Final = (nodes.And, nodes.Or, nodes.Mul, nodes.Mod)
_COUNTS: Final = (nodes.Mod, nodes.FloorDiv, nodes.Div, nodes.Sub)
_LOOKS_BY_FILTER: Final = frozenset({"replace", "trim"})


def comparisons(tree: nodes.Template, flow: Flow) -> tuple[TemplateTest, ...]:
    """Every comparison of something with text or numbers, the deciding ones with what they decide."""
    found: list[TemplateTest] = []
    decided: set[int] = set()
    for node in walk(tree):
        test = _decides(node)
        if test is None:
            continue
        adds = _adds(node, flow)
        inside = list(_within(test, flow, adds))
        decided |= {id(item) for item in walk(test)}
        if not inside:
            # All of its ways: what is also said outright is asked for whether it is there at all.
            told = paths(flow.sources(test))
            inside = [_test(node, "flag", told, frozenset(), adds)] if any(TESTED in one for one in told) else []
        otherwise = _otherwise(node, flow)
        found += [replace(one, otherwise=otherwise) for one in inside]
        if len(found) > limits.TEMPLATE_TESTS:
            raise Refused(f"more than {limits.TEMPLATE_TESTS:,} comparisons", reason=GapReason.LIMIT)
    for node in walk(tree):
        if id(node) not in decided:
            found += _compared(node, flow, ())
    return tuple(dict.fromkeys(found))


def _decides(node: nodes.Node) -> nodes.Node | None:
    """The expression that decides what is written: of a loop, also what it goes through."""
    if isinstance(node, nodes.If | nodes.CondExpr):
        return node.test
    if isinstance(node, nodes.For):
        return nodes.And(node.iter, node.test) if node.test is not None else node.iter
    if isinstance(node, nodes.Filter) and node.name in _WRITES and node.args:
        return node if node.name == "replace" else node.node
    if isinstance(node, _PAIRS) or _replaces(node):
        return node
    if isinstance(node, nodes.Filter | nodes.Call) and node.args:
        return nodes.Tuple([*node.args, *(pair.value for pair in node.kwargs)], "load")
    return None


def _replaces(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "replace"


def _adds(node: Any, flow: Flow) -> tuple[str, ...]:
    """What stands in the branches. `elif` decides for itself: only the branch and the last `else` count."""
    if isinstance(node, nodes.CondExpr):
        branches = [item for item in (node.expr1, node.expr2) if item is not None]
        written = [text for item in branches for text in texts(flow.sources(item))]
    elif isinstance(node, _PAIRS):
        written = list(texts(flow.sources(node)))
    elif _replaces(node) or (isinstance(node, nodes.Filter) and node.name in _WRITES):
        replaces = isinstance(node, nodes.Call) or node.name == "replace"
        written = [text for item in node.args[1 if replaces else 0 :] for text in texts(flow.sources(item))]
    elif isinstance(node, nodes.Filter | nodes.Call):
        # `'text' | truncate(content.count('x'))`: what is given to it decides about what it is given for.
        written = list(texts(flow.sources(node.node)) + texts(_union(flow, node.args)))
    else:
        written = [*emitted(node.body, flow), *emitted(node.else_, flow)]
    return _kept(written, flow)


def _otherwise(node: nodes.Node, flow: Flow) -> tuple[str, ...]:
    if isinstance(node, nodes.If):
        return _kept(emitted(node.else_, flow), flow)
    if isinstance(node, nodes.CondExpr) and node.expr2 is not None:
        return _kept(texts(flow.sources(node.expr2)), flow)
    return ()


def _kept(written: Sequence[str], flow: Flow) -> tuple[str, ...]:
    kept = written[: limits.TEMPLATE_ADDED]
    flow.cut |= len(kept) < len(written) or any(len(text) > limits.TEMPLATE_ADDS for text in kept)
    return tuple(text[: limits.TEMPLATE_ADDS] for text in kept)


def _within(test: nodes.Node, flow: Flow, adds: tuple[str, ...]) -> Iterator[TemplateTest]:
    for node in walk(test):
        yield from _compared(node, flow, adds)


def _compared(node: nodes.Node, flow: Flow, adds: tuple[str, ...]) -> Iterator[TemplateTest]:
    if isinstance(node, nodes.Compare):
        left = node.expr
        for operand in node.ops:
            yield from _both(node, operand.op, flow.sources(left), flow.sources(operand.expr), adds)
            left = operand.expr
    elif isinstance(node, _COUNTS):
        # What is left of a number is a condition without a comparison.
        rest, by = paths(flow.sources(node.left)), flow.sources(node.right)
        if rest and numbers(by):
            yield _test(node, "every" if isinstance(node, nodes.Mod) else "less", rest, by, adds)
    elif isinstance(node, nodes.Test):
        if node.args and node.node is not None:
            yield from _both(node, f"is {node.name}", flow.sources(node.node), _union(flow, node.args), adds)
    elif isinstance(node, nodes.Filter) and node.name in _SELECTS and node.node is not None:
        yield from _selected(node, flow, adds)
    elif isinstance(node, nodes.Filter) and node.name in _ORDERS and node.node is not None:
        among = flow.sources(node.node)
        if paths(among) and texts(among):
            yield _test(node, f"|{node.name}", paths(among), among, (*adds, *texts(among)))
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "cycle":
        yield TemplateTest(
            how="cycle",
            sources=("loop.index",),
            numbers=(len(node.args),),
            adds=texts(_union(flow, node.args)),
            line=node.lineno or 0,
        )
    elif isinstance(node, nodes.Filter) and node.name in _LOOKS_BY_FILTER and node.args and node.node is not None:
        yield from _both(node, f"|{node.name}", flow.sources(node.node), _union(flow, node.args[:1]), adds)
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in _LOOKS:
        if node.node.attr in _TABLES:
            yield from _looked_up(node, flow.sources(node.node.node), _union(flow, node.args[:1]), adds)
            return
        way = f".{node.node.attr}()"
        yield from _both(node, way, flow.sources(node.node.node), _union(flow, node.args[:1]), adds)
    elif isinstance(node, nodes.Getitem) and flow.fold(node.arg) is None:
        yield from _looked_up(node, flow.sources(node.node), flow.sources(node.arg), adds)


def _looked_up(node: nodes.Node, table: Sources, key: Sources, adds: tuple[str, ...]) -> Iterator[TemplateTest]:
    """A table that is looked up by what somebody wrote: its own words are what it is compared with."""
    if paths(key) and texts(table):
        yield _test(node, "lookup", paths(key), table, (*adds, *texts(table)))


def _selected(node: nodes.Filter, flow: Flow, adds: tuple[str, ...]) -> Iterator[TemplateTest]:
    """`messages | selectattr('content', 'equalto', 'x')`."""
    arguments, sources = list(node.args), flow.sources(node.node)
    if node.name.endswith("attr") and arguments:
        key = flow.fold(arguments.pop(0))
        sources = step(step(sources, "[]"), f".{key}") if key is not None else sources
    if len(arguments) > 1:
        yield from _both(node, f"|{node.name}", sources, _union(flow, arguments[1:]), adds)


def _both(node: nodes.Node, how: str, left: Sources, right: Sources, adds: tuple[str, ...]) -> Iterator[TemplateTest]:
    """One comparison, seen from each side that is not fixed."""
    if len(paths(left) | paths(right)) > 1 and paths(left) and paths(right):
        yield _test(node, f"{how} each other", paths(left) | paths(right), frozenset(), adds)
    if paths(left):
        yield _test(node, how, paths(left), right, adds)
    if paths(right):
        yield _test(node, f"{how} of", paths(right), left, adds)


def _test(node: nodes.Node, how: str, sources: Sources, other: Sources, adds: tuple[str, ...]) -> TemplateTest:
    return TemplateTest(
        how=how,
        sources=tuple(sorted(sources)),
        words=texts(other),
        numbers=numbers(other),
        adds=adds,
        line=node.lineno or 0,
    )


def _union(flow: Flow, found: Iterable[nodes.Node]) -> Sources:
    return frozenset().union(*(flow.sources(item) for item in found))
