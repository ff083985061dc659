# ruff: noqa: E501 -- one case a line
"""Every estimator of scikit-learn, fitted, is allowed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, joblibbed

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
pytest.importorskip("joblib")

from sklearn import (  # noqa: E402
    cluster,
    compose,
    decomposition,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    metrics,
    model_selection,
    multiclass,
    naive_bayes,
    neighbors,
    pipeline,
    preprocessing,
    svm,
    tree,
)  # fmt: skip
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: E402, F401
from sklearn.utils import all_estimators  # noqa: E402

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(24, 4)
Y = np.arange(24) % 2
TEXTS = ["one two", "two three", "three four five", "one five"] * 6
LINEAR = linear_model.LogisticRegression()
RIDGE = linear_model.Ridge()

# What cannot be made without arguments.
GIVEN: dict[str, Callable[[type], Any]] = {
    "ClassifierChain": lambda kind: kind(LINEAR),
    "RegressorChain": lambda kind: kind(RIDGE),
    "ColumnTransformer": lambda kind: kind([("scale", preprocessing.StandardScaler(), [0, 1])], remainder="passthrough"),
    "FeatureUnion": lambda kind: kind([("scale", preprocessing.StandardScaler()), ("pca", decomposition.PCA(2))]),
    "Pipeline": lambda kind: kind([("scale", preprocessing.StandardScaler()), ("model", LINEAR)]),
    "GridSearchCV": lambda kind: kind(LINEAR, {"C": [0.1, 1]}, cv=2),
    "RandomizedSearchCV": lambda kind: kind(LINEAR, {"C": [0.1, 1]}, cv=2, n_iter=2),
    "HalvingGridSearchCV": lambda kind: kind(LINEAR, {"C": [0.1, 1]}, cv=2),
    "HalvingRandomSearchCV": lambda kind: kind(LINEAR, {"C": [0.1, 1]}, cv=2),
    "MultiOutputClassifier": lambda kind: kind(LINEAR),
    "MultiOutputRegressor": lambda kind: kind(RIDGE),
    "OneVsOneClassifier": lambda kind: kind(LINEAR),
    "OneVsRestClassifier": lambda kind: kind(LINEAR),
    "OutputCodeClassifier": lambda kind: kind(LINEAR),
    "RFE": lambda kind: kind(LINEAR),
    "RFECV": lambda kind: kind(LINEAR, cv=2),
    "SelectFromModel": lambda kind: kind(LINEAR),
    "SequentialFeatureSelector": lambda kind: kind(LINEAR, cv=2, n_features_to_select=2),
    "SelfTrainingClassifier": lambda kind: kind(LINEAR),
    "SparseCoder": lambda kind: kind(np.eye(4)),
    "StackingClassifier": lambda kind: kind([("a", LINEAR), ("b", tree.DecisionTreeClassifier())], cv=2),
    "StackingRegressor": lambda kind: kind([("a", RIDGE), ("b", tree.DecisionTreeRegressor())], cv=2),
    "VotingClassifier": lambda kind: kind([("a", LINEAR), ("b", tree.DecisionTreeClassifier())]),
    "VotingRegressor": lambda kind: kind([("a", RIDGE), ("b", tree.DecisionTreeRegressor())]),
    "FixedThresholdClassifier": lambda kind: kind(LINEAR),
    "TunedThresholdClassifierCV": lambda kind: kind(LINEAR, cv=2),
    "FrozenEstimator": lambda kind: kind(linear_model.LogisticRegression().fit(X, Y)),
    "LinearDiscriminantAnalysis": lambda kind: kind(),
    "PLSSVD": lambda kind: kind(n_components=1),
    "OrthogonalMatchingPursuitCV": lambda kind: kind(cv=2, max_iter=2),
    "SpectralBiclustering": lambda kind: kind(n_clusters=2, n_best=2),
    "TransformedTargetRegressor": lambda kind: kind(RIDGE, func=np.log1p, inverse_func=np.expm1),
    "FunctionTransformer": lambda kind: kind(np.log1p, np.expm1),
    "CountVectorizer": lambda kind: kind(),
    "TSNE": lambda kind: kind(perplexity=5, max_iter=250),
}  # fmt: skip
FAST = {"n_estimators": 3, "max_iter": 20, "n_components": 2, "n_clusters": 2, "n_alphas": 3, "cv": 2, "n_quantiles": 5,
        "n_init": 1, "n_subsets": 3}  # fmt: skip
COUNTS = {"CategoricalNB", "ComplementNB", "MultinomialNB", "SkewedChi2Sampler", "AdditiveChi2Sampler"}
MANY = {"MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV", "MultiOutputClassifier",
        "MultiOutputRegressor", "ClassifierChain", "RegressorChain", "CCA", "PLSCanonical"}  # fmt: skip


def _fitted(name: str, kind: type) -> Any:
    if name in GIVEN:
        one = GIVEN[name](kind)
    else:
        one = kind()
        wanted = one.get_params(deep=False)
        one.set_params(
            **{
                key: value
                for key, value in FAST.items()
                if (key in wanted and key != "cv") or (key == "cv" and key in wanted)
            }
        )
    if name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer"):
        return one.fit(TEXTS)
    if name in ("DictVectorizer", "FeatureHasher"):
        return one.fit([{"a": 1, "b": 2}])
    if name == "KernelCenterer":
        return one.fit(X @ X.T)
    if name == "IsotonicRegression":
        return one.fit(X[:, 0], Y)
    if name in ("LabelBinarizer", "LabelEncoder"):
        return one.fit(Y)
    if name == "MultiLabelBinarizer":
        return one.fit([("a", "b"), ("a",)])
    if name == "PatchExtractor":
        return one.fit(RANDOM.rand(2, 4, 4))
    target = (
        np.stack([Y, 1 - Y], axis=1) if name in MANY else Y + 1 if name in ("GammaRegressor", "PoissonRegressor") else Y
    )
    if name in ("TweedieRegressor",):
        target = Y + 1.0
    return one.fit((X * 5).astype(int) if name in COUNTS else X, target)


def _searched() -> Any:
    pipe = pipeline.make_pipeline(
        compose.ColumnTransformer([
            ("numbers", pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler()), [0, 1]),
            ("levels", preprocessing.OneHotEncoder(handle_unknown="ignore"), [2]),
        ]),
        ensemble.RandomForestClassifier(2),
    )  # fmt: skip
    data = np.concatenate([X[:, :2], RANDOM.randint(0, 3, (24, 1))], axis=1)
    grid = {"randomforestclassifier__max_depth": [1, 2]}
    return model_selection.GridSearchCV(pipe, grid, cv=2, scoring="f1").fit(data, Y)


def _frames() -> Any:
    pd = pytest.importorskip("pandas")
    data = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": ["x", "y"] * 12})
    columns = compose.make_column_transformer(
        (preprocessing.StandardScaler(), ["a", "b"]),
        (preprocessing.OneHotEncoder(), compose.make_column_selector(dtype_include=object)),
    )
    return pipeline.make_pipeline(columns, LINEAR).fit(data, Y)


CASES: dict[str, Callable[[], Any]] = {
    **{name: (lambda name=name, kind=kind: _fitted(name, kind)) for name, kind in all_estimators()},
    "search over a pipeline of columns": _searched,
    "pipeline on a DataFrame": _frames,
    "text pipeline": lambda: pipeline.make_pipeline(feature_extraction.text.TfidfVectorizer(), naive_bayes.MultinomialNB()).fit(TEXTS, Y),
    "unfitted estimator": lambda: ensemble.RandomForestClassifier(),
    "boosting with every loss": lambda: [
        ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2).fit(X, Y) for loss in ("squared_error", "absolute_error", "huber", "quantile")
    ],
    "stochastic gradient descent with every loss": lambda: [
        linear_model.SGDClassifier(loss=loss, max_iter=5).fit(X, Y)
        for loss in ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "huber", "epsilon_insensitive")
    ],
    "neighbours with every index": lambda: [
        neighbors.KNeighborsClassifier(algorithm=kind).fit(X, Y) for kind in ("brute", "kd_tree", "ball_tree")
    ],
    "Gaussian process with a kernel": lambda: gaussian_process.GaussianProcessRegressor(
        gaussian_process.kernels.RBF() * 2.0 + gaussian_process.kernels.WhiteKernel() + gaussian_process.kernels.Matern()
    ).fit(X, Y),
    "selection by score": lambda: feature_selection.SelectKBest(feature_selection.mutual_info_classif, k=2).fit(X, Y),
    "scorer": lambda: metrics.make_scorer(metrics.f1_score),
    "splitter": lambda: [model_selection.KFold(3), model_selection.StratifiedKFold(2), model_selection.TimeSeriesSplit()],
    "support vectors of every kernel": lambda: [svm.SVC(kernel=kind).fit(X, Y) for kind in ("linear", "rbf", "poly", "sigmoid")],
    "datasets": lambda: __import__("sklearn.datasets", fromlist=["x"]).load_iris(),
    "clusters": lambda: {"labels": cluster.KMeans(2, n_init=1).fit(X).labels_, "model": cluster.DBSCAN().fit(X)},
    "multiclass of trees": lambda: multiclass.OneVsRestClassifier(tree.DecisionTreeClassifier()).fit(X, np.arange(24) % 3),
}  # fmt: skip

ASKS: dict[str, str] = {
    "HDBSCAN": "Compiled code takes the numbers of its tree for places in an array, unchecked.",
}


def write(value: Any) -> list[bytes]:
    return [pickle.dumps(value), pickle.dumps(value, 2), joblibbed(value)]


SUITE = Suite(library="scikit-learn", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
