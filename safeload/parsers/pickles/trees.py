"""Stand-ins for scikit-learn's decision trees: compiled code follows their nodes without a look.

`Tree.__setstate__` holds the types and shapes of nodes and values against each other, and not the numbers in them: a
child or a feature beyond the end is read, wherever that is, when the tree predicts.
"""

from __future__ import annotations

import sys
from array import array
from functools import cache, partial

from safeload.lean import Any, Final, Iterable
from safeload.parsers.pickles.contents import PART, Far, Unread, columns, held
from safeload.parsers.pickles.standins import Inert, Named

_MOST: Final = 1 << 31  # features; scikit-learn counts them in 32 bits
_ONE: Final = (1).to_bytes(8, "little")


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
        nodes = state.get("nodes") if type(state) is dict else None
        page.check(partial(_answer, nodes, self.features))

    def __setitem__(self, key: Any, value: Any) -> None:
        type(self).page.state(None, odd=True)


def _answer(nodes: Any, features: int | None) -> bool | None:
    try:
        parts = columns(nodes, ("left_child", "right_child", "feature"))
        known = held(nodes)
    except Far:
        return True  # over a network nothing large is read; the local scan before a grant does it
    except Unread:
        return None
    if parts is None or known is None or features is None or not 0 <= features < _MOST:
        return False
    return known.shape[0] > 0 and _all_lead_inside(parts, known.shape[0], features)


def _all_lead_inside(parts: Iterable[tuple[array[int], ...]], nodes: int, features: int) -> bool:
    before = 0
    for left, right, feature in parts:
        if not _leads_inside(left, right, feature, before=before, nodes=nodes, features=features):
            return False
        before += len(left)
    return True


def _leads_inside(
    left: array[int], right: array[int], feature: array[int], *, before: int, nodes: int, features: int
) -> bool:
    """Both children of a node are nodes behind it, which its library writes first, and what it looks at is a feature.

    A leaf, with -1 for a child, has neither. Nodes in a circle would be followed forever.

    A forest has millions of nodes. So a column is one long number of 64 bits for each node, and a comparison is a
    subtraction that must not borrow from the next node's highest bit.
    """
    ones = int.from_bytes(_ONE * len(left), "little")
    signs = ones << 63
    children, others, looks = (int.from_bytes(one.tobytes(), sys.byteorder) for one in (left, right, feature))
    leaves = children & signs
    places = ones * before + int.from_bytes(_upwards()[: 8 * len(left)], sys.byteorder)
    if others & signs != leaves or looks & signs != leaves:
        return False
    return (
        _below(children, leaves, signs, ones, nodes)
        and _below(others, leaves, signs, ones, nodes)
        and _below(looks, leaves, signs, ones, features, least=2)
        and _above(children, signs, places + ones)
        and _above(others, signs, places + ones)
    )


@cache
def _upwards() -> bytes:
    """As many places, from zero, as a part has nodes."""
    return array("q", range(PART // 8)).tobytes()  # whatever the size of a record is


def _above(column: int, signs: int, least: int) -> bool:
    """Is each number that is not below zero at least the one of `least`?"""
    # The sign is what may be borrowed. Below zero there are only leaves, whose number without it is above every place.
    return ((column | signs) - least) & signs == signs


def _below(column: int, negative: int, signs: int, ones: int, bound: int, *, least: int = 1) -> bool:
    """Is each number at least `-least` and less than `bound`? `negative` are the highest bits of those below zero."""
    # Without its highest bit a negative number is 2**63 less what it lacks to zero: what is added carries into it.
    raised = ((column ^ negative) + ones * least) ^ negative
    return not raised & signs and (signs + ones * (bound - 1 + least) - raised) & signs == signs


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {("sklearn.tree._tree", "Tree"): Tree}
