"""What libraries really write is clean: no finding, no gap."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import io
import pathlib
import pickle
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report, Scanned

from .conftest import saved

Look = Callable[..., Report]
np = pytest.importorskip("numpy")
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

PLAIN: list[Any] = [
    {"a": [1, 2.0, None, True, b"x", "ü", (1, 2)], "big": 1 << 200},
    {1, 2},
    frozenset({1}),
    bytearray(b"x"),
    1j,
    range(3),
    slice(1, 2),
    ...,
    NotImplemented,
    type(None),
    collections.OrderedDict(a=1),
    collections.deque([1], 3),
    collections.Counter("aab"),
    collections.defaultdict(list, {"a": [1]}),
    collections.defaultdict(None, {"a": 1}),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc),
    [datetime.date(2026, 1, 2), datetime.time(1), datetime.timedelta(3)],
    decimal.Decimal("1.5"),
    fractions.Fraction(1, 3),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("a/b"),
    types.SimpleNamespace(a=1),
    np.arange(6).reshape(2, 3),
    np.array(["a", "b"]),
    np.array([{"a": 1}, None], dtype=object),
    np.zeros(2, dtype=[("x", "f4"), ("y", "i8")]),
    np.asfortranarray(np.ones((2, 2))),
    np.float64(1.5),
    np.dtype("float32"),
    np.float32,
    np.random.RandomState(0),
    np.random.default_rng(0),
    np.random.Generator(np.random.MT19937(1)),
]


def assert_clean(report: Report) -> None:
    assert [f"{f.rule.id}: {f.message}" for f in report.findings] == []
    assert all(isinstance(result, Scanned) for result in report.results), report.results


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("value", PLAIN, ids=lambda v: type(v).__name__)
def test_plain_values(look: Look, value: Any, protocol: int) -> None:
    assert_clean(look(pickle.dumps(value, protocol)))


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def save(request: pytest.FixtureRequest) -> Callable[[Any], bytes]:
    return lambda value: saved(value, _use_new_zipfile_serialization=request.param)


def trained(torch: Any) -> tuple[Any, Any]:
    net = torch.nn.Sequential(
        torch.nn.Embedding(5, 4),
        torch.nn.Conv1d(3, 3, 1),
        torch.nn.TransformerEncoderLayer(4, 2, 8, activation="gelu"),
        torch.nn.LayerNorm(4),
        torch.nn.Dropout(0.1),
        torch.nn.GELU(),
    )
    optimiser = torch.optim.AdamW(net.parameters())
    net(torch.ones(2, 3, dtype=torch.long)).sum().backward()
    optimiser.step()
    return net, optimiser


def test_state_dicts(torch: Any, save: Callable[[Any], bytes], look: Look) -> None:
    net, optimiser = trained(torch)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 5)
    assert_clean(look(save(net.state_dict())))
    assert_clean(look(save({"net": net.state_dict(), "opt": optimiser.state_dict(), "sched": scheduler.state_dict()})))


def test_a_whole_module_of_torchs_own_layers(torch: Any, save: Callable[[Any], bytes], look: Look) -> None:
    assert_clean(look(save(trained(torch)[0])))


def test_every_kind_of_tensor(torch: Any, save: Callable[[Any], bytes], look: Look) -> None:
    tensors = {
        "half": torch.ones(2, dtype=torch.float16),
        "brain": torch.ones(2, dtype=torch.bfloat16),
        "eight": torch.ones(2).to(torch.float8_e4m3fn),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "view": torch.arange(10)[2:8:2],
        "complex": torch.ones(2, dtype=torch.complex64),
        "sparse": torch.eye(3).to_sparse(),
        "conjugate": torch.ones(2, dtype=torch.complex64).conj(),
        "quantised": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        "dtype": torch.float32,
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu", 0),
        "layout": torch.strided,
        "state": torch.get_rng_state(),
        "array": np.arange(3),
    }
    assert_clean(look(save(tensors)))


def test_estimators(look: Look) -> None:
    pytest.importorskip("sklearn")
    joblib = pytest.importorskip("joblib")
    from sklearn import ensemble, linear_model, pipeline, preprocessing, svm, tree

    features, labels = np.random.RandomState(0).rand(30, 3), np.arange(30) % 2
    estimators = [
        ensemble.RandomForestClassifier(3),
        ensemble.HistGradientBoostingClassifier(max_iter=2),
        ensemble.GradientBoostingClassifier(n_estimators=2, random_state=np.random.RandomState(0)),
        ensemble.ExtraTreesRegressor(2),
        tree.DecisionTreeClassifier(),
        svm.SVC(),
        pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        pipeline.make_pipeline(preprocessing.OneHotEncoder(handle_unknown="ignore"), linear_model.Ridge()),
    ]
    for estimator in estimators:
        estimator.fit(features, labels)
        plain, packed = io.BytesIO(), io.BytesIO()
        joblib.dump(estimator, plain)
        joblib.dump(estimator, packed, compress=3)
        for data in (pickle.dumps(estimator), plain.getvalue(), packed.getvalue()):
            assert_clean(look(data))


def test_training_arguments(torch: Any, save: Callable[[Any], bytes], look: Look, tmp_path: pathlib.Path) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    arguments = transformers.TrainingArguments(output_dir=str(tmp_path), report_to=[])
    assert_clean(look(save(arguments), name="training_args.bin"))


def test_a_tensor_in_a_plain_pickle_is_a_question_and_no_block(look: Look, torch: Any) -> None:
    import pickle

    report = look(pickle.dumps({"weights": torch.ones(3)}))
    assert {finding.rule.id for finding in report.findings} == {"pickle-unknown-name"}


def test_what_such_a_tensor_brings_along_is_judged(look: Look, torch: Any, tmp_path: Path) -> None:
    import io
    import pickle

    class Inner:
        def __reduce__(self):
            import os

            return os.mkdir, (str(tmp_path / "marker"),)

    class Outer:
        def __reduce__(self):
            file = io.BytesIO()
            torch.save(Inner(), file, _use_new_zipfile_serialization=False)
            return torch.storage._load_from_bytes, (file.getvalue(),)

    rules = {finding.rule.id for finding in look(pickle.dumps(Outer())).findings}
    assert "pickle-dangerous-call" in rules
