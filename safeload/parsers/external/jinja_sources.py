"""What a value of a template may come from: the notation, and the nodes below a node.

A source is a path (`messages[].content`), a piece of text (`'words`), or a number (`#9`).
"""

from __future__ import annotations

import re

from jinja2 import nodes

from safeload.lean import Callable, Final, Iterable, Iterator

TEXT: Final = "'"
NUMBER: Final = "#"
TESTED: Final = "?"
Sources = frozenset[str]

CASES: Final[dict[str, Callable[[str], str]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
    "string": str,
    "safe": str,
}

ANYWHERE: Final = ".*"
COUNTED: Final = frozenset({"loop.count"})
PUTS: Final = frozenset({"append", "extend", "insert", "update", "setdefault"})
_STEP: Final = re.compile(r"\.[^.|\[?]+|\|[^.|\[?]+|\[\]|\?")
_STEPS: Final = 5
_EARLY: Final = 3  # the first messages of a conversation; whether there are later ones tells how long it is


def paths(sources: Iterable[str]) -> Sources:
    return frozenset(one for one in sources if one[:1] not in (TEXT, NUMBER))


def texts(sources: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(one[1:] for one in sources if one.startswith(TEXT)))


def numbers(sources: Iterable[str]) -> tuple[int, ...]:
    return tuple(sorted(int(one[1:]) for one in sources if one.startswith(NUMBER)))


def step(sources: Iterable[str], more: str) -> Sources:
    """Every path one step further; text and numbers stay what they are."""
    return frozenset(one if one[:1] in (TEXT, NUMBER) else _further(one, more) for one in sources)


def _further(path: str, more: str) -> str:
    """A step that was gone already is not gone again, and a long way is one to anywhere: else values that are assigned
    to themselves, or macros that call themselves, would never settle."""
    gone = _STEP.findall(path)
    if path.startswith("loop.count") and more != TESTED:
        return path  # whatever is taken out of it, it is counted
    if more in gone or (ANYWHERE in gone and more != TESTED):
        return path
    if len(gone) < _STEPS or more == TESTED:
        return path + more
    return path[: _STEP.search(path).start()] + ANYWHERE + (TESTED if TESTED in gone else "")  # type: ignore[union-attr]


def walk(node: nodes.Node) -> Iterator[nodes.Node]:
    """The node and all below it, in order; without recursion."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        yield item
        waiting.extend(reversed(list(item.iter_child_nodes())))


def name_of(node: nodes.Node | None) -> str:
    return node.name if isinstance(node, nodes.Name) else ""


def arguments_of(node: nodes.Call) -> list[nodes.Node]:
    return [*node.args, *(pair.value for pair in node.kwargs)]


def tests_of(test: nodes.Node) -> Iterator[nodes.Node]:
    """Comparisons, and calls of a method with something to look for."""
    for node in walk(test):
        if isinstance(node, nodes.Compare) or (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr)):
            yield node


def targets_of(node: nodes.If) -> Iterator[nodes.Node]:
    for statement in (*node.body, *node.else_):
        for item in walk(statement):
            if isinstance(item, nodes.Assign):
                yield item.target


def counters_of(tree: nodes.Node) -> Iterator[nodes.Node]:
    """What grows with each round of a loop: an attribute that is set from itself, a list that is added to."""
    for loop in tree.find_all(nodes.For):
        for node in walk(loop):
            if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in PUTS:
                yield node
            elif isinstance(node, nodes.Assign) and isinstance(node.target, nodes.NSRef):
                own = (node.target.name, node.target.attr)
                if any(
                    isinstance(one, nodes.Getattr) and own == (name_of(one.node), one.attr) for one in walk(node.node)
                ):
                    yield node


def far(index: nodes.Node) -> bool:
    """Does it take a later item, or begin behind the first?"""
    start = index.start if isinstance(index, nodes.Slice) else index
    return isinstance(start, nodes.Const) and type(start.value) is int and start.value > _EARLY


def later(path: str) -> str:
    """A later message is there or not: of a text, this is no question of its length that is worth asking."""
    return f"{path}.later{TESTED}" if path in ("messages", "conversation", "history") else path
