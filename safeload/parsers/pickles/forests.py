"""Stand-ins for scikit-learn's estimators that hand their trees what nobody counts again.

Each holds a number of features against the data, and then compiled code follows trees over another number, or the
nodes of a histogram's tree wherever they lead: https://github.com/scikit-learn/scikit-learn, sklearn/ensemble.
"""

from __future__ import annotations

import struct
from functools import partial

from safeload import limits
from safeload.lean import Any, Callable, ClassVar, Final, Iterator
from safeload.parsers.pickles.contents import Far, Later, Unread, code, content, held, shape
from safeload.parsers.pickles.standins import Inert, Named
from safeload.parsers.pickles.trees import Tree

Fields = dict[str, Any]
Fits = Callable[[Fields], bool]
_FEATURES: Final = "n_features_in_"
_WORDS: Final = 8  # of 32 bits, in a set of 256 categories
_NODE: Final = ("feature_idx", "left", "right", "is_leaf", "is_categorical", "bitset_idx")


class _NamedFitted(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.fields = None
        return made


def _anything(fields: Fields) -> bool:
    return True


class Fitted(Inert, metaclass=_NamedFitted):
    """An estimator, or a part of one, and what it was given."""

    __slots__ = ("fields",)

    fits: ClassVar[Any] = staticmethod(_anything)
    fields: Fields | None

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        self.fields = dict(state) if type(state) is dict else None
        type(self).page.check(partial(_answer, self.fits, self.fields))


def _answer(fits: Fits, fields: Fields | None) -> bool | None:
    try:
        return None if fields is None else fits(fields)
    except Far:
        return True  # over a network nothing large is read; the local scan before a grant does it
    except Unread:
        return None


def fitted(judged: Fits) -> type[Inert]:
    """A stand-in for an estimator whose fields are held against each other by `judged`."""

    class Checked(Fitted):
        __slots__ = ()
        fits = staticmethod(judged)

    return Checked


def _count(fields: Fields, name: str = _FEATURES) -> int:
    number = fields.get(name)
    if type(number) is not int:
        raise Unread
    return number


def _tree(fields: Fields) -> bool:
    tree = fields.get("tree_")
    return "tree_" not in fields or (isinstance(tree, Tree) and tree.features == _count(fields))


def _over(estimator: Any, features: int) -> bool:
    """Is it one tree, over so many features?"""
    if not isinstance(estimator, Fitted) or estimator.fields is None:
        raise Unread
    tree = estimator.fields.get("tree_")
    return isinstance(tree, Tree) and tree.features == features


def _isolating(fields: Fields) -> bool:
    """Each tree sees the features that are listed for it; all of them, where those are as many."""
    trees, seen = fields.get("estimators_", []), fields.get("estimators_features_", [])
    if type(trees) is not list or type(seen) is not list or len(trees) != len(seen):
        raise Unread
    every = _count(fields) if trees else 0
    if trees and _count(fields, "_max_features") == every:
        return all(_over(one, every) for one in trees)
    return all(len(wide := shape(some) or ()) == 1 and _over(one, *wide) for one, some in zip(trees, seen, strict=True))


def _boosting(fields: Fields) -> bool:
    """A table of trees: a row for each step, a column for each number that is written into a row of the result."""
    if "estimators_" not in fields:
        return True
    known = held(fields["estimators_"])
    if known is None or type(known.raw) is not list:
        raise Unread
    if len(known.shape) != 2 or not all(_over(one, _count(fields)) for one in known.raw):
        return False
    return known.shape[1] == 1 or _as_wide(fields, known.shape[1])


def _as_wide(fields: Fields, columns: int) -> bool:
    """Does what the result starts from have as many columns? It is of another estimator's making."""
    first, loss = fields.get("init_"), getattr(type(fields.get("_loss")), "page", None)
    if loss is None or loss.name != "HalfMultinomialLoss":
        return False
    if first == "zero":
        return _count(fields, "n_trees_per_iteration_") == columns
    if not isinstance(first, Fitted) or first.fields is None or first.fields.get("_strategy") != "prior":
        raise Unread  # an estimator of the user's own choice
    return shape(first.fields.get("class_prior_")) == (columns,)


def _histogram(fields: Fields) -> bool:
    steps = fields.get("_predictors", [])
    if type(steps) is not list or not all(type(step) is list for step in steps):
        raise Unread
    trees = [tree for step in steps for tree in step]
    if not all(isinstance(tree, Fitted) and tree.fields is not None for tree in trees):
        raise Unread
    sorts = _categorical(fields) if trees else b""
    return all(_nodes_fit(tree.fields, _count(fields), sorts) for tree in trees)


def _categorical(fields: Fields) -> bytes:
    """For each feature, whether it has categories: what the sets of them are made by."""
    mapper = fields.get("_bin_mapper")
    known = held(mapper.fields.get("is_categorical_")) if isinstance(mapper, Fitted) and mapper.fields else None
    if known is None or known.shape != (_count(fields),) or known.dtype.plain()[0] not in ("b1", "u1"):
        raise Unread
    return bytes(_bytes(known.raw)[:])


def _bytes(raw: Any) -> bytes | bytearray | Later:
    data = content(raw)
    if data is None:
        raise Unread
    return data


def _nodes_fit(fields: Fields, features: int, sorts: bytes) -> bool:
    sets = [shape(fields.get(f"{kind}_left_cat_bitsets")) for kind in ("raw", "binned")]
    if any(one is None or len(one) != 2 or one[1] != _WORDS for one in sets):
        return False
    most = min(one[0] for one in sets if one)
    count = (shape(fields.get("nodes")) or (0,))[0]
    for number, (feature, left, right, leaf, categorical, which) in enumerate(_records(fields.get("nodes"))):
        if leaf:
            continue
        if not number < left < count or not number < right < count or not 0 <= feature < features:
            return False
        if categorical and (which >= most or feature >= len(sorts) or not sorts[feature]):
            return False
    return count > 0


def _records(nodes: Any) -> Iterator[tuple[int, ...]]:
    """Those fields of every node. They lie packed, so that the eight bytes of a number may stand anywhere."""
    known = held(nodes)
    fields = None if known is None else known.dtype.fields()
    if known is None or fields is None or len(known.shape) != 1 or not fields.keys() >= {*_NODE}:
        raise Unread
    data, size = _bytes(known.raw), known.dtype.settle().size
    if len(data) != size * known.shape[0] or len(data) > limits.ARRAYS_HELD:
        raise Unread
    layout, at = "=", 0
    for name in sorted(_NODE, key=lambda name: fields[name][0]):
        offset, letter = fields[name][0], code(fields[name][1])
        if letter is None or offset < at:
            raise Unread
        layout += f"{offset - at}x{letter}"
        at = offset + struct.calcsize(f"={letter}")
    order = sorted(range(len(_NODE)), key=lambda index: fields[_NODE[index]][0])
    back = [order.index(index) for index in range(len(_NODE))]
    for numbers in struct.iter_unpack(f"{layout}{size - at}x", data[:]):
        yield tuple([numbers[index] for index in back])


def _in(module: str, fits: Fits, *names: str) -> dict[tuple[str, str], type[Inert]]:
    stand_in = fitted(fits)
    return {(f"sklearn.{module}", name): stand_in for name in names}


_HISTOGRAM: Final = "ensemble._hist_gradient_boosting"
SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    **_in("tree._classes", _tree, "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
          "ExtraTreeRegressor"),
    **_in("ensemble._iforest", _isolating, "IsolationForest"),
    **_in("ensemble._gb", _boosting, "GradientBoostingClassifier", "GradientBoostingRegressor"),
    **_in("dummy", _anything, "DummyClassifier"),
    **_in(f"{_HISTOGRAM}.gradient_boosting", _histogram, "HistGradientBoostingClassifier",
          "HistGradientBoostingRegressor"),
    **_in(f"{_HISTOGRAM}.predictor", _anything, "TreePredictor"),
    **_in(f"{_HISTOGRAM}.binning", _anything, "_BinMapper"),
}  # fmt: skip
