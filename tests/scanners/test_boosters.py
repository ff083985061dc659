"""XGBoost, LightGBM, CatBoost: what the libraries write is allowed, trees that lead outside are not."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from tests.scanners.formats import report_on, rule_ids, verdict

pytestmark = pytest.mark.heavy

numpy = pytest.importorskip("numpy")
RANDOM = numpy.random.RandomState(0)
X = RANDOM.rand(120, 4)
X[:, 3] = RANDOM.randint(0, 6, 120)
Y = (X[:, 0] + X[:, 3] / 6 > 0.9).astype(int)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


XGBOOST: dict[str, dict[str, Any]] = {
    "trees": {"objective": "binary:logistic"},
    "pruned": {"objective": "binary:logistic", "gamma": 5.0},
    "dart": {"booster": "dart", "rate_drop": 0.5},
    "linear": {"booster": "gblinear"},
    "classes": {"objective": "multi:softprob", "num_class": 3},
    "forest": {"num_parallel_tree": 4, "subsample": 0.5},
    "by-leaf": {"grow_policy": "lossguide", "max_leaves": 7, "tree_method": "hist"},
    "categories": {"tree_method": "hist", "max_cat_to_onehot": 1},
    "vectors": {"multi_strategy": "multi_output_tree", "tree_method": "hist"},
}


def xgboost_model(kind: str, suffix: str, folder: Path) -> bytes:
    xgboost = pytest.importorskip("xgboost")
    label = numpy.stack([Y, 1 - Y], axis=1) if kind == "vectors" else Y + (X[:, 1] > 0.8) if kind == "classes" else Y
    types = ["q", "q", "q", "c"] if kind == "categories" else None
    data = xgboost.DMatrix(X, label, feature_types=types, enable_categorical=types is not None)
    path = folder / f"model.{suffix}"
    xgboost.train({"max_depth": 3, "nthread": 1, **XGBOOST[kind]}, data, 4).save_model(path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["json", "ubj"])
@pytest.mark.parametrize("kind", XGBOOST)
def test_what_xgboost_writes_is_allowed(kind: str, suffix: str, tmp_path: Path, workers: Workers) -> None:
    report = report_on(workers, xgboost_model(kind, suffix, tmp_path), name=f"model.{suffix}")
    assert not report.findings
    assert verdict(report) is Action.ALLOW


LIGHTGBM: dict[str, dict[str, Any]] = {
    "trees": {},
    "stumps": {"min_data_in_leaf": 200},
    "classes": {"objective": "multiclass", "num_class": 3},
    "categories": {"categorical_feature": [3], "min_data_per_group": 1, "cat_smooth": 0, "max_cat_to_onehot": 1},
    "linear": {"linear_tree": True},
    "forest": {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    "dart": {"boosting": "dart"},
}


def lightgbm_model(kind: str) -> bytes:
    lightgbm = pytest.importorskip("lightgbm")
    label = Y + (X[:, 1] > 0.8) if kind == "classes" else Y
    options = {"verbose": -1, "num_threads": 1, **LIGHTGBM[kind]}
    text: str = lightgbm.train(options, lightgbm.Dataset(X, label), 4).model_to_string()
    return text.encode()


@pytest.mark.parametrize("kind", LIGHTGBM)
def test_what_lightgbm_writes_is_allowed(kind: str, workers: Workers) -> None:
    report = report_on(workers, lightgbm_model(kind), name="model.txt")
    assert report.results[0].format == "lightgbm"
    assert not report.findings
    assert verdict(report) is Action.ALLOW


def catboost_model(folder: Path, **options: Any) -> bytes:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=3, verbose=0, thread_count=1, train_dir=str(folder), **options)
    path = folder / "model.cbm"
    model.fit(X.astype(int) if options else X, Y).save_model(str(path))
    return path.read_bytes()


def test_what_catboost_writes_is_allowed(tmp_path: Path, workers: Workers) -> None:
    for options in ({}, {"cat_features": [3]}):
        report = report_on(workers, catboost_model(tmp_path, **options), name="model.cbm")
        assert report.results[0].format == "catboost"
        assert not report.findings
    assert verdict(report) is Action.ALLOW


@pytest.mark.parametrize("cut", [20, 300, -1])
def test_a_catboost_file_that_is_cut_is_asked_about(cut: int, tmp_path: Path, workers: Workers) -> None:
    assert verdict(report_on(workers, catboost_model(tmp_path)[:cut])) is Action.ASK


def test_something_behind_a_catboost_file_is_asked_about(tmp_path: Path, workers: Workers) -> None:
    assert verdict(report_on(workers, catboost_model(tmp_path) + b"more")) is Action.ASK


def _tree(whole: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = whole["learner"]["gradient_booster"]["model"]["trees"][0]
    return tree


def outside(tree: dict[str, Any]) -> None:
    tree["left_children"][0] = 1_000_000_000


def circle(tree: dict[str, Any]) -> None:
    tree["left_children"][0] = 0


def no_such_feature(tree: dict[str, Any]) -> None:
    tree["split_indices"][0] = 2**31 - 1


def shorter(tree: dict[str, Any]) -> None:
    tree["right_children"].pop()


@pytest.mark.parametrize("change", [outside, circle, no_such_feature, shorter])
def test_an_xgboost_tree_that_leads_outside(
    change: Callable[[dict[str, Any]], None], tmp_path: Path, workers: Workers
) -> None:
    whole = json.loads(xgboost_model("trees", "json", tmp_path))
    change(_tree(whole))
    report = report_on(workers, json.dumps(whole).encode(), name="model.json")
    assert rule_ids(report) <= {"booster-overruns", "booster-broken-tree"}
    assert verdict(report) is (Action.ASK if change is shorter else Action.BLOCK)


def test_xgboost_follows_it(tmp_path: Path) -> None:
    whole = json.loads(xgboost_model("trees", "json", tmp_path))
    outside(_tree(whole))
    path = tmp_path / "outside.json"
    path.write_text(json.dumps(whole))
    code = f"import xgboost, numpy; xgboost.Booster(model_file={str(path)!r}).inplace_predict(numpy.ones((9, 4)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode < 0


def test_the_same_tree_in_binary(tmp_path: Path, workers: Workers) -> None:
    data = xgboost_model("trees", "ubj", tmp_path)
    at = data.index(b"left_children") + len(b"left_children[$l#L") + 8
    changed = data[:at] + struct.pack(">i", 1_000_000_000) + data[at + 4 :]
    assert rule_ids(report_on(workers, changed)) == {"booster-overruns"}


@pytest.mark.parametrize(
    "data",
    [
        b"{L" + struct.pack(">q", 3) + b"abc",
        b"{L" + struct.pack(">q", 1 << 62) + b"abc",
        b"{L" + struct.pack(">q", 1) + b"a" + b"[" * 100_000,
        b"{L" + struct.pack(">q", 1) + b"a[$l#L" + struct.pack(">q", 1 << 60),
        b"{L" + struct.pack(">q", 1) + b"a[$Z#l" + struct.pack(">i", (1 << 31) - 1) + b"}",
        b"{L" + struct.pack(">q", 1) + b"ai\x01}",
    ],
)
def test_other_binary_objects_are_asked_about(data: bytes, workers: Workers) -> None:
    assert verdict(report_on(workers, data)) is Action.ASK


def _changed(text: bytes, key: str, value: str) -> bytes:
    """The first number of the first such line replaced, and the sizes of trees made to fit."""
    old = re.search(rf"\n{key}=(\S+)", text.decode())
    size = re.search(r"\ntree_sizes=(\d+)", text.decode())
    assert old is not None and size is not None
    whole = text.decode().replace(old[0], f"\n{key}={value}", 1)
    grown = int(size[1]) + len(value) - len(old[1])
    return whole.replace(size[0], f"\ntree_sizes={grown}", 1).encode()


@pytest.mark.parametrize(
    ("key", "value"), [("left_child", "100000000"), ("left_child", "0"), ("split_feature", "77"), ("left_child", "x")]
)
def test_a_lightgbm_tree_that_leads_outside(key: str, value: str, workers: Workers) -> None:
    report = report_on(workers, _changed(lightgbm_model("trees"), key, value), name="model.txt")
    assert rule_ids(report) == {"booster-overruns"}
    assert verdict(report) is Action.BLOCK


def test_lightgbm_follows_it(tmp_path: Path) -> None:
    path = tmp_path / "outside.txt"
    path.write_bytes(_changed(lightgbm_model("trees"), "left_child", "100000000"))
    code = f"import lightgbm, numpy; lightgbm.Booster(model_file={str(path)!r}).predict(numpy.zeros((9, 4)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60).returncode < 0


def test_a_category_that_there_is_not(workers: Workers) -> None:
    text = lightgbm_model("categories")
    assert b"num_cat=0" not in text.partition(b"Tree=1")[0], "the sample has no split by category"
    assert rule_ids(report_on(workers, _changed(text, "cat_boundaries", "5"))) == {"booster-overruns"}


def catboost_json(folder: Path, **options: Any) -> dict[str, Any]:
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(
        iterations=3, depth=3, verbose=0, thread_count=1, train_dir=str(folder), **options
    )
    categories = options.get("one_hot_max_size")
    rows = [[*map(float, row[:3]), str(int(row[3]))] for row in X] if categories else X
    model.fit(rows, Y, cat_features=[3] if categories else None)
    model.save_model(str(folder / "m.json"), format="json")
    made: dict[str, Any] = json.loads((folder / "m.json").read_bytes())
    return made


@pytest.mark.parametrize("grown", [{}, {"grow_policy": "Lossguide"}, {"one_hot_max_size": 9}, {"one_hot_max_size": 2}])
def test_what_catboost_writes_as_json_is_allowed(grown: dict[str, Any], tmp_path: Path, workers: Workers) -> None:
    report = report_on(workers, json.dumps(catboost_json(tmp_path, **grown)).encode(), name="model.json")
    assert report.results[0].format == "catboost"
    assert not report.findings
    assert verdict(report) is Action.ALLOW


def far_feature(model: dict[str, Any]) -> None:
    next(one for tree in model["oblivious_trees"] for one in tree["splits"])["float_feature_index"] = 99


def fewer_leaves(model: dict[str, Any]) -> None:
    model["oblivious_trees"][0]["leaf_values"].pop()


def strange_split(model: dict[str, Any]) -> None:
    model["oblivious_trees"][0]["splits"][0]["split_type"] = "Mine"


def half_a_leaf(model: dict[str, Any]) -> None:
    model["trees"] = [{"left": {"value": 1.0}, "split": model.pop("oblivious_trees")[0]["splits"][0]}]


def no_tree(model: dict[str, Any]) -> None:
    model["oblivious_trees"][0] = 7


@pytest.mark.parametrize("change", [far_feature, fewer_leaves, strange_split, half_a_leaf, no_tree])
def test_a_catboost_tree_in_json_that_does_not_hold(
    change: Callable[[dict[str, Any]], None], tmp_path: Path, workers: Workers
) -> None:
    model = catboost_json(tmp_path)
    change(model)
    report = report_on(workers, json.dumps(model).encode(), name="model.json")
    assert rule_ids(report) & {"booster-overruns", "booster-broken-tree"}
    assert verdict(report) is not Action.ALLOW
