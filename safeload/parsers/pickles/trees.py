"""Stand-ins for scikit-learn's decision trees: compiled code follows their nodes without a look.

`Tree.__setstate__` holds the types and shapes of nodes and values against each other, and not the numbers in them: a
child or a feature beyond the end is read, wherever that is, when the tree predicts. `decision_path` makes room for as
many nodes of a path as the state says that the tree is deep, and writes all that there are.
"""

from __future__ import annotations

import sys
from array import array
from functools import lru_cache, partial

from safeload.lean import Any, Final, Iterable
from safeload.parsers.pickles.contents import Far, Unread, columns, held
from safeload.parsers.pickles.standins import Inert, Named

_SIGN: Final = 1 << 31
_MOST: Final = _SIGN  # features, which scikit-learn counts in 32 bits, and nodes
_ALL: Final = (1 << 32) - 1
_LOWER: Final = slice(0 if sys.byteorder == "little" else 1, None, 2)
_UPPER: Final = slice(1 if sys.byteorder == "little" else 0, None, 2)


class _NamedTree(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.features = None
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.features = args[0] if len(args) == 3 and type(args[0]) is int else None
        return made.features is not None


class Tree(Inert, metaclass=_NamedTree):
    """A tree over so many features, whose state has the nodes."""

    __slots__ = ("features",)

    features: int | None

    def __setstate__(self, state: Any) -> None:
        page = type(self).page
        page.state(state, odd=not page.first(state))
        said = state if type(state) is dict else {}
        page.check(partial(_answer, said.get("nodes"), self.features, said.get("max_depth")))

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)


def _answer(nodes: Any, features: int | None, depth: Any) -> bool | None:
    try:
        parts = columns(nodes, ("left_child", "right_child", "feature"), typecode="i")
        known = held(nodes)
    except Far:
        return True  # over a network nothing large is read; the local scan before a grant does it
    except Unread:
        return None
    if parts is None or known is None or features is None or not 0 < features < _MOST or not 0 < known.shape[0] < _MOST:
        return False
    return type(depth) is int and _all_lead_inside(parts, known.shape[0], features, depth)


def _all_lead_inside(parts: Iterable[tuple[array[int], ...]], nodes: int, features: int, depth: int) -> bool:
    left, right = array("i"), array("i")
    for part in parts:
        below = _below(part, before=len(left), nodes=nodes, features=features)
        if below is None:
            return False
        for side, numbers in zip((left, right), below, strict=True):
            side.frombytes(numbers.to_bytes(4 * len(part[0]), sys.byteorder))
    return _is_as_deep(left, right, depth)


def _is_as_deep(left: array[int], right: array[int], most: int) -> bool:
    """Is every node but the first the child of exactly one, and none deeper? 0 stands for no child."""
    inner = len(left) - left.count(0)
    depths = [0] * len(left)
    for child, other, depth in zip(left, right, depths, strict=True):  # children lie behind: theirs is read after this
        if child:
            depths[child] = depths[other] = depth + 1
    return 2 * inner + 1 == len(left) and depths.count(0) == 1 and max(depths) <= most


def _below(halves: tuple[array[int], ...], *, before: int, nodes: int, features: int) -> tuple[int, int] | None:
    """The children of each node, 0 for those of a leaf; None where one leads outside.

    Both children of a node are nodes behind it, which its library writes first, and what it looks at is a feature.

    A leaf, with -1 for a child, has neither. Nodes in a circle would be followed forever.

    A forest has millions of nodes. So a column is one long number, with 32 bits for each node, and a comparison is a
    subtraction that must not borrow from the next node's highest bit. Of numbers that are small, or below zero
    together, the upper halves are the same.
    """
    count = len(halves[0])
    left, right, feature, *upper = (half.tobytes() for half in halves[_LOWER] + halves[_UPPER])
    leaves, children, others, looks = (int.from_bytes(one, sys.byteorder) for one in (upper[0], left, right, feature))
    ones, signs, most = _each(1, count), _each(_SIGN, count), _each(_SIGN + nodes - 1, count)
    if not upper[0] == upper[1] == upper[2] or (leaves & ones) * _ALL != leaves:
        return None
    if children & others & (looks | ones) & leaves != leaves:  # -1 for a child, -1 or -2 for a feature
        return None
    behind = _upwards(count) + ones * (before + 1)
    children, others, looks, behind = (one ^ (one & leaves) for one in (children, others, looks, behind))
    # Most trees have the left child right behind its node, and before the other one.
    inside = (
        (children == behind or _between(children, behind, most, signs))
        and _between(others, behind, most, signs)
        and _between(looks, 0, _each(_SIGN + features - 1, count), signs)
    )
    return (children, others) if inside else None


def _between(column: int, least: int, most: int, signs: int) -> bool:
    """Is each number at least that of `least`, and at most that of `most`, which has the highest bit to borrow from?"""
    return not column & signs and ((column | signs) - least) & (most - column) & signs == signs


@lru_cache(maxsize=8)
def _each(number: int, count: int) -> int:
    """A number for each node."""
    return int.from_bytes(number.to_bytes(4, sys.byteorder) * count, sys.byteorder)


@lru_cache(maxsize=2)
def _upwards(count: int) -> int:
    """The place of each node in its part."""
    return int.from_bytes(array("i", range(count)).tobytes(), sys.byteorder)


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {("sklearn.tree._tree", "Tree"): Tree}
