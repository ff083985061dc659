# ruff: noqa: E501 -- one case a line
"""What XGBoost, LightGBM and CatBoost pickle is allowed: their own parsers then read the bytes, as they do for a model file."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, joblibbed

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")
lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")
catboost = pytest.importorskip("catboost")

from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(24, 4)
Y = np.arange(24) % 2
GROUPS = [12, 12]
LIGHT: dict[str, Any] = {"n_estimators": 2, "verbose": -1, "min_child_samples": 2}
CAT: dict[str, Any] = {"iterations": 2, "verbose": 0, "allow_writing_files": False}

CASES: dict[str, Callable[[], Any]] = {
    "LightGBM classifier": lambda: lightgbm.LGBMClassifier(**LIGHT).fit(X, Y),
    "LightGBM regressor": lambda: lightgbm.LGBMRegressor(**LIGHT).fit(X, Y),
    "LightGBM ranker": lambda: lightgbm.LGBMRanker(**LIGHT).fit(X, Y, group=GROUPS),
    "LightGBM booster": lambda: lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, Y), 2),
    "LightGBM model that is not fitted": lambda: lightgbm.LGBMClassifier(),
    "LightGBM in a pipeline": lambda: make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**LIGHT)).fit(X, Y),
    "XGBoost classifier": lambda: xgboost.XGBClassifier(n_estimators=2).fit(X, Y),
    "XGBoost regressor": lambda: xgboost.XGBRegressor(n_estimators=2).fit(X, Y),
    "XGBoost ranker": lambda: xgboost.XGBRanker(n_estimators=2).fit(X, Y, group=GROUPS),
    "XGBoost forest classifier": lambda: xgboost.XGBRFClassifier(n_estimators=2).fit(X, Y),
    "XGBoost forest regressor": lambda: xgboost.XGBRFRegressor(n_estimators=2).fit(X, Y),
    "XGBoost booster": lambda: xgboost.train({}, xgboost.DMatrix(X, Y), 2),
    "XGBoost model that is not fitted": lambda: xgboost.XGBClassifier(),
    "XGBoost in a pipeline": lambda: make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=2)).fit(X, Y),
    "CatBoost classifier": lambda: catboost.CatBoostClassifier(**CAT).fit(X, Y),
    "CatBoost regressor": lambda: catboost.CatBoostRegressor(**CAT).fit(X, Y),
    "CatBoost model": lambda: catboost.CatBoost({**CAT, "loss_function": "RMSE"}).fit(X, Y),
    "CatBoost model that is not fitted": lambda: catboost.CatBoostClassifier(**CAT),
    "CatBoost in a pipeline": lambda: make_pipeline(StandardScaler(), catboost.CatBoostClassifier(**CAT)).fit(X, Y),
}
ASKS: dict[str, str] = {}


def write(value: Any) -> list[bytes]:
    return [pickle.dumps(value), pickle.dumps(value, 2), joblibbed(value)]


SUITE = Suite(library="boosting", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
