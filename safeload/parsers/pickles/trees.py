"""Stand-ins for scikit-learn's decision trees: compiled code follows their nodes without a look.

`Tree.__setstate__` holds the types and shapes of nodes and values against each other, and not the numbers in them: a
child or a feature beyond the end is read, wherever that is, when the tree predicts.
"""

from __future__ import annotations

from functools import partial

from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.pickles.contents import Unread, column
from safeload.parsers.pickles.standins import Inert, Named

if TYPE_CHECKING:
    from array import array

_LEAF: Final = -1  # in place of a child


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
        left, right, feature = (column(nodes, name) for name in ("left_child", "right_child", "feature"))
    except Unread:
        return None
    if left is None or right is None or feature is None or features is None:
        return False
    return not left or _leads_inside(left, right, feature, features)


def _leads_inside(left: array[int], right: array[int], feature: array[int], features: int) -> bool:
    """Both children of a node are nodes, and what it looks at is a feature; a leaf has neither."""
    count = len(left)
    if min(left) < _LEAF or min(right) < _LEAF or max(left) >= count or max(right) >= count or max(feature) >= features:
        return False
    leaves = bytes(map(_LEAF.__eq__, left))
    return leaves == bytes(map(_LEAF.__eq__, right)) == bytes(map((0).__gt__, feature))


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {("sklearn.tree._tree", "Tree"): Tree}
