"""Estimators count the features of the data once; the trees that they hand it to are not asked how many they have."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, verdict

np = pytest.importorskip("numpy")
tree = pytest.importorskip("sklearn.tree")
joblib = pytest.importorskip("joblib")
ensemble = pytest.importorskip("sklearn.ensemble")

Look = Callable[..., Report]
FAR = 2**30
NUMBERS = np.random.RandomState(0).rand(60, 3)
NUMBERS[:, 2] = (NUMBERS[:, 2] * 5).astype(int)
TWO, THREE = (NUMBERS[:, 0] > 0.5).astype(int), (NUMBERS[:, 0] * 3).astype(int)
PREDICTS = "import joblib; joblib.load(path).predict(__import__('numpy').ones((4, {})))"


def joblibbed(value: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file)
    return file.getvalue()


WRITERS: dict[str, Callable[[Any], bytes]] = {"pickle": pickle.dumps, "joblib": joblibbed}


def wide() -> Any:
    """A tree over so many features that one of them lies far behind three numbers."""
    made = tree.DecisionTreeRegressor(max_depth=1).fit(NUMBERS, TWO)
    state = made.tree_.__getstate__()
    state["nodes"]["feature"][0] = FAR
    made.tree_ = type(made.tree_)(FAR + 1, *made.tree_.__reduce__()[1][1:])
    made.tree_.__setstate__(state)
    return made


def lying() -> Any:
    return wide()  # it says that it has three features


def forest(kind: str = "RandomForestRegressor") -> Any:
    made = getattr(ensemble, kind)(n_estimators=2).fit(NUMBERS, TWO)
    made.estimators_[1] = wide()
    return made


def isolated(features: int) -> Any:
    made = ensemble.IsolationForest(n_estimators=1, max_features=features).fit(NUMBERS)
    made.estimators_[0].tree_ = wide().tree_
    return made


def boosted() -> Any:
    made = ensemble.GradientBoostingRegressor(n_estimators=2).fit(NUMBERS, TWO)
    made.estimators_[1, 0] = wide()
    made.estimators_[1, 0].n_features_in_ = FAR + 1
    return made


def wider() -> Any:
    """Three numbers a row are written where there is one."""
    made = ensemble.GradientBoostingClassifier(n_estimators=200, max_depth=1).fit(NUMBERS, THREE)
    made._loss = ensemble.GradientBoostingClassifier(n_estimators=1).fit(NUMBERS, TWO)._loss
    return made


def histogram(**changed: Any) -> Any:
    made = ensemble.HistGradientBoostingRegressor(max_iter=1, min_samples_leaf=2, max_leaf_nodes=5).fit(NUMBERS, TWO)
    for name, value in changed.items():
        made._predictors[0][0].nodes[name][0] = value
    return made


FORGED: dict[str, Callable[[], Any]] = {
    "a tree of more features than it says": lying,
    "a forest": forest,
    "an isolation forest": lambda: isolated(3),
    "an isolation forest over some features": lambda: isolated(2),
    "a later tree of boosting": boosted,
    "a feature of a histogram's tree": lambda: histogram(feature_idx=2**40),
    "a child of a histogram's tree": lambda: histogram(left=FAR, right=FAR),
}
JUDGED: dict[str, Callable[[], Any]] = {
    **FORGED,
    "extra trees": lambda: forest("ExtraTreesRegressor"),
    "an embedding": lambda: forest_of_none(),
    "a loss of another shape": wider,
    "a circle of a histogram's tree": lambda: histogram(left=0, right=0),
    "categories of what has none": lambda: histogram(is_categorical=1),
    "a set of categories that there is not": lambda: histogram(is_categorical=1, bitset_idx=FAR),
}


def forest_of_none() -> Any:
    made = ensemble.RandomTreesEmbedding(n_estimators=1).fit(NUMBERS)
    made.estimators_[0] = wide()
    return made


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("case", JUDGED)
def test_what_leads_outside_is_found(case: str, write: str, look: Look) -> None:
    assert verdict(look(WRITERS[write](JUDGED[case]()))) is Action.BLOCK


@pytest.mark.parametrize("case", FORGED)
def test_twin_the_process_dies(case: str, oracle: Oracle) -> None:
    ended, last = oracle.run(PREDICTS.format(3), pickle.dumps(FORGED[case]()))
    assert ended < 0, last


ORDINARY: dict[str, Callable[[], Any]] = {
    "forest": lambda: ensemble.RandomForestClassifier(n_estimators=2).fit(NUMBERS, THREE),
    "extra trees": lambda: ensemble.ExtraTreesRegressor(n_estimators=2).fit(NUMBERS, TWO),
    "embedding": lambda: ensemble.RandomTreesEmbedding(n_estimators=2).fit(NUMBERS),
    "isolation": lambda: ensemble.IsolationForest(n_estimators=2).fit(NUMBERS),
    "isolation over some": lambda: ensemble.IsolationForest(n_estimators=2, max_features=2).fit(NUMBERS),
    "isolation over one": lambda: ensemble.IsolationForest(n_estimators=2, max_features=1).fit(NUMBERS),
    "boosting": lambda: ensemble.GradientBoostingRegressor(n_estimators=2).fit(NUMBERS, TWO),
    "boosting of three classes": lambda: ensemble.GradientBoostingClassifier(n_estimators=2).fit(NUMBERS, THREE),
    "boosting from zero": lambda: ensemble.GradientBoostingClassifier(n_estimators=2, init="zero").fit(NUMBERS, THREE),
    "histograms": lambda: ensemble.HistGradientBoostingClassifier(max_iter=2).fit(NUMBERS, THREE),
    "best first": lambda: tree.DecisionTreeClassifier(max_leaf_nodes=5).fit(NUMBERS, THREE),
    "pruned": lambda: tree.DecisionTreeRegressor(ccp_alpha=0.01).fit(NUMBERS, NUMBERS[:, 1]),
    "bagging over some": lambda: ensemble.BaggingClassifier(n_estimators=2, max_features=2).fit(NUMBERS, TWO),
    "not fitted": lambda: [tree.DecisionTreeClassifier(), ensemble.HistGradientBoostingClassifier()],
}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("case", ORDINARY)
def test_estimators_as_they_grew_ask_nothing(case: str, write: str, look: Look) -> None:
    assert verdict(look(WRITERS[write](ORDINARY[case]()))) is Action.ALLOW
