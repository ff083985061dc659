"""Trees of XGBoost, held against themselves: what their library follows without looking.

A child beyond the end reads memory that is something else's, a node that is its own ancestor never ends
(https://github.com/dmlc/xgboost/blob/master/src/tree/tree_model.cc reads both as they stand).
"""

from __future__ import annotations

from array import array

from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, Sequence

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions

ANOMALY: Final = "tree-anomaly"
_FEATURE: Final = (1 << 31) - 1


def is_booster(value: Any) -> bool:
    learner = value.get("learner") if isinstance(value, dict) else None
    return isinstance(learner, dict) and isinstance(learner.get("gradient_booster"), dict)


def say(value: Any, found: Mentions) -> None:
    """What does not hold, tree by tree. Nothing where `value` is no booster."""
    if not is_booster(value):
        return
    learner = value["learner"]
    features = _number(_at(learner, "learner_model_param", "num_feature"))
    for number, tree in enumerate(_trees(learner["gradient_booster"])):
        for code in _oddities(tree, features):
            found.add(ANOMALY, code, f"tree {number}")


def _at(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _trees(booster: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of `gbtree`, and of `dart`, which holds one."""
    for model in (_at(booster, "model"), _at(booster, "gbtree", "model")):
        trees = _at(model, "trees")
        if isinstance(trees, list):
            yield from (tree for tree in trees if isinstance(tree, dict))


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if type(value) is int and value >= 0 else 0


def _oddities(tree: dict[str, Any], features: int) -> Iterator[str]:
    left, right = tree.get("left_children"), tree.get("right_children")
    split = tree.get("split_indices")
    if not isinstance(left, list) or not isinstance(right, list) or not isinstance(split, list):
        yield "no-children"
        return
    stated = _number(_at(tree, "tree_param", "num_nodes")) or len(left)
    if not len(left) == len(right) == len(split) == stated:
        yield "lengths-differ"
        return
    values = tree.get("split_conditions")
    if not isinstance(values, list | array) or len(values) < stated:
        yield "lengths-differ"
    if _number(_at(tree, "tree_param", "size_leaf_vector")) > 1:
        # Leaves of several values have the number of their row in place of a right child.
        rows = [row for row, child in zip(right, left, strict=True) if child == -1]
        if not all(type(row) is int and 0 <= row < len(rows) for row in rows):
            yield "child-out-of-range"
        right = [-1 if child == -1 else other for child, other in zip(left, right, strict=True)]
    yield from walk(left, right, leaf=-1)
    inner = [one for one, child in zip(split, left, strict=True) if child != -1]
    if not all(type(one) is int and 0 <= one < (features or _FEATURE) for one in inner):
        yield "feature-out-of-range"


def walk(left: Sequence[Any], right: Sequence[Any], *, leaf: int) -> Iterator[str]:
    """Every child is a node, and no node is reached twice."""
    reached: set[int] = set()
    for children in (left, right):
        for child in children:
            if type(child) is not int or child < leaf or child >= len(left):
                yield "child-out-of-range"
                return
            if child == leaf:
                continue
            if child in reached or child == 0:
                yield "cycle"
                return
            reached.add(child)
    if any((one == leaf) != (other == leaf) for one, other in zip(left, right, strict=True)):
        yield "half-a-leaf"
