"""libsvm believes the lengths that a support vector machine should have, and reads on where one is shorter."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, verdict

np = pytest.importorskip("numpy")
svm = pytest.importorskip("sklearn.svm")
cluster = pytest.importorskip("sklearn.cluster")
neighbors = pytest.importorskip("sklearn.neighbors")

Look = Callable[..., Report]
PREDICTS = "import joblib, numpy; joblib.load(path).predict(numpy.random.rand(20, 3))"
NUMBERS = np.random.RandomState(0)
ROWS = NUMBERS.rand(3_000, 3)
SORTS = NUMBERS.randint(0, 2, 3_000)


def learned(made: Any = None, **changed: Any) -> bytes:
    made = (svm.SVC() if made is None else made).fit(ROWS, SORTS)
    made.__dict__.update({name: change(made) for name, change in changed.items()})
    return pickle.dumps(made)


BEYOND: dict[str, dict[str, Any]] = {
    "classes that begin before it": {
        "_n_support": lambda made: np.array([-(2**30), len(made.support_) + 2**30], np.int32)
    },
    "as many classes as vectors": {"_n_support": lambda made: np.ones(len(made.support_), np.int32)},
    "fewer vectors": {"support_vectors_": lambda made: np.zeros((0, 0)), "support_": lambda made: np.zeros(9**7, "i4")},
}


@pytest.mark.parametrize("case", BEYOND)
def test_a_machine_that_reads_beyond_what_it_has(case: str, look: Look, oracle: Oracle) -> None:
    data = learned(**BEYOND[case])
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run(PREDICTS, data)
    assert ended < 0, last  # the process dies


@pytest.mark.parametrize(
    "changed",
    [
        {"_dual_coef_": lambda made: made._dual_coef_[:, :9].copy()},
        {"_intercept_": lambda made: np.zeros(0)},
        {"_probA": lambda made: np.zeros(2)},
        {"support_": lambda made: made.support_ + 3_000},
        {"_impl": lambda made: "nu_svc"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_lengths_that_no_library_writes(changed: dict[str, Any], look: Look) -> None:
    assert verdict(look(learned(**changed))) is Action.BLOCK


@pytest.mark.parametrize(
    "made", [svm.SVC(), svm.NuSVC(nu=0.1), svm.SVR(), svm.NuSVR(), svm.OneClassSVM(), svm.SVC(kernel="linear")], ids=str
)
def test_a_machine_as_it_learned(made: Any, look: Look) -> None:
    assert verdict(look(learned(made))) is Action.ALLOW
    assert verdict(look(pickle.dumps(type(made)()))) is Action.ALLOW


def test_distances_that_were_computed_before(look: Look) -> None:
    near = ROWS[:50] @ ROWS[:50].T
    made = svm.SVC(kernel="precomputed").fit(near, SORTS[:50])
    assert verdict(look(pickle.dumps(made))) is Action.ALLOW
    made.support_ = made.support_ + 50
    assert verdict(look(pickle.dumps(made))) is Action.BLOCK


def voting(**options: Any) -> Any:
    return neighbors.KNeighborsClassifier(algorithm="brute", metric="manhattan", **options)


def test_a_class_that_lies_before_the_classes_is_written_to(look: Look, oracle: Oracle) -> None:
    data = learned(voting(), _y=lambda made: made._y - 10**9)
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run(PREDICTS.replace("predict(", "predict_proba("), data)
    assert ended < 0, last  # the process dies


def test_centres_without_a_place(look: Look, oracle: Oracle) -> None:
    data = learned(cluster.KMeans(3, n_init=1), cluster_centers_=lambda made: np.zeros((10**7, 0)))
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run(PREDICTS.replace("20", "600"), data)
    assert ended < 0, last


@pytest.mark.parametrize(
    "made",
    [
        *(cluster.KMeans(3, n_init=1), cluster.MiniBatchKMeans(3, n_init=1), cluster.BisectingKMeans(3)),
        *(voting(), neighbors.KNeighborsRegressor(), neighbors.NearestNeighbors(), neighbors.LocalOutlierFactor()),
    ],
    ids=lambda made: type(made).__name__,
)
def test_vectors_are_as_wide_as_the_data(made: Any, look: Look) -> None:
    assert verdict(look(learned(made))) is Action.ALLOW
    name = "_fit_X" if hasattr(made, "_fit_X") else "cluster_centers_"
    assert verdict(look(learned(made, **{name: lambda made: getattr(made, name)[:, :1].copy()}))) is Action.BLOCK
