"""CatBoost's models in JSON, held against themselves: features that trees ask for, leaves that splits lead to.

https://github.com/catboost/catboost/blob/master/catboost/docs/models_tutorial.md and its `json_model_helpers.cpp`.
"""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any, Final, Iterator

if TYPE_CHECKING:
    from safeload.parsers.mentions import Mentions

ANOMALY: Final = "tree-anomaly"
_INDEX: Final = {
    "FloatFeature": ("float_feature_index", "float_features"),
    "OneHotFeature": ("cat_feature_index", "categorical_features"),
}
_CTR: Final = "OnlineCtr"
_DEPTH: Final = 16  # splits of a symmetric tree, as CatBoost bounds them


def is_model(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("model_info"), dict):
        return False
    trees = [value.get(key) for key in ("oblivious_trees", "trees")]
    return isinstance(value.get("features_info"), dict) and any(isinstance(one, list) for one in trees)


def say(value: Any, found: Mentions) -> None:
    """What does not hold, tree by tree. `value` is a model."""
    features = value["features_info"]
    known = {key: _indices(features.get(key)) for _, key in _INDEX.values()}
    for key, check in (("oblivious_trees", _symmetric), ("trees", _grown)):
        trees = value.get(key)
        for number, tree in enumerate(trees if isinstance(trees, list) else ()):
            for code in check(tree, known):
                found.add(ANOMALY, code, f"tree {number}")


def _indices(held: Any) -> frozenset[int]:
    every = held if isinstance(held, list) else []
    return frozenset(one["feature_index"] for one in every if _has_index(one))


def _has_index(one: Any) -> bool:
    return isinstance(one, dict) and type(one.get("feature_index")) is int


def _symmetric(tree: Any, known: dict[str, frozenset[int]]) -> Iterator[str]:
    """Each split doubles the leaves; each leaf has as many values as the model has dimensions."""
    splits = (tree.get("splits") or []) if isinstance(tree, dict) else None
    leaves = tree.get("leaf_values") if isinstance(tree, dict) else None
    if not isinstance(splits, list) or not isinstance(leaves, list):
        yield "no-leaves"
        return
    if len(splits) > _DEPTH or not leaves or len(leaves) % (1 << len(splits)):
        yield "lengths-differ"
    if not all(_asks(split, known) for split in splits):
        yield "feature-out-of-range"


def _grown(tree: Any, known: dict[str, frozenset[int]]) -> Iterator[str]:
    """Each node has two children and a split, or else a value."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            yield "no-children"
            return
        inner = [key for key in ("left", "right", "split") if key in node]
        if "value" in node and not inner:
            continue
        if len(inner) != 3 or "value" in node:
            yield "half-a-leaf"
            return
        if not _asks(node["split"], known):
            yield "feature-out-of-range"
        waiting += [node["left"], node["right"]]


def _asks(split: Any, known: dict[str, frozenset[int]]) -> bool:
    """For a feature that there is. Those of categories together stand for themselves, in the split's own text."""
    if not isinstance(split, dict):
        return False
    kind = split.get("split_type")
    if kind not in _INDEX:
        return kind == _CTR
    key, features = _INDEX[kind]
    index = split.get(key)
    return type(index) is int and index in known[features]
