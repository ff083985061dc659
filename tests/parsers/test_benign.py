"""Files that the libraries themselves write are read whole, without a gap."""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
import pathlib
import pickle
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import pandas
import pytest
import torch
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from safeload.parsers.facts import Part
from safeload.parsers.sandbox.process import Worker
from tests.parsers.conftest import Examine, Ranges

Saved = Callable[[Path], None]


def _estimators() -> dict[str, Any]:
    points, labels = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]] * 5, [0, 1, 0, 1] * 5
    return {
        "forest": RandomForestClassifier(3).fit(points, labels),
        "boosting": GradientBoostingClassifier(n_estimators=2).fit(points, labels),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(points, labels),
        "words": TfidfVectorizer().fit(["a bb ccc", "ddd bb"]),
        "frame": pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": pandas.to_datetime(["2020", "2021"])}),
    }


def _values() -> dict[str, Any]:
    values: dict[str, Any] = {
        "when": datetime.datetime.now(datetime.timezone.utc), "span": datetime.timedelta(1),
        "exact": decimal.Decimal("1.5"), "id": uuid.uuid4(), "path": pathlib.PurePosixPath("/x"),
        "ordered": collections.OrderedDict(a=1), "default": collections.defaultdict(list, {1: [2]}),
        "counted": collections.Counter("aab"), "queue": collections.deque([1, 2], 5), "ratio": fractions.Fraction(1, 3),
        "pattern": re.compile("a+"), "bytes": b"y" * 200_000, "array": bytearray(b"x" * 300), "frozen": frozenset({1}),
        "set": {1, 2}, "complex": 1j, "slice": slice(1, 2), "range": range(3), "long": 10**400, "dots": ...,
        "partial": functools.partial(int, base=2), "plain": SimpleNamespace(a=1), "error": ValueError("x"),
        "text": "ß" * 100_000, "many": list(range(5_000)), "floats": [0.0] * 3_000,
    }  # fmt: skip
    values["itself"] = [values]
    return values


def _network() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.LSTM(3, 4), torch.nn.TransformerEncoderLayer(8, 2)
    )


def _checkpoints() -> dict[str, Any]:
    network = _network()
    optimiser = torch.optim.Adam(network.parameters())
    return {
        "module": network,
        "states": network.state_dict(),
        "training": {"model": network.state_dict(), "optimiser": optimiser.state_dict(), "rng": torch.get_rng_state()},
        "dtypes": {
            "bf16": torch.zeros(3, dtype=torch.bfloat16), "bool": torch.zeros(2, dtype=torch.bool),
            "shared": [torch.arange(9)[2:5], torch.arange(9)], "sparse": torch.eye(3).to_sparse(),
        },
    }  # fmt: skip


def _clean(parts: tuple[Part, ...]) -> None:
    for part in parts:
        assert part.gap is None, part
        if part.pickle is not None:
            assert part.pickle.leftover == 0
            assert part.pickle.odd_persistent == ()
            assert not [use for use in part.pickle.uses if use.role.value in ("tampered", "result-called")]
        if part.archive is not None:
            assert part.archive.anomalies == ()


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_of_every_protocol(protocol: int, examine: Examine) -> None:
    parts = examine(pickle.dumps(_values(), protocol=protocol))
    _clean(parts)
    assert parts[0].format == "pickle"
    for protocol_of_estimators in {max(protocol, 2)}:
        _clean(examine(pickle.dumps(_estimators(), protocol=protocol_of_estimators)))


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_joblib(compress: Any, examine: Examine, tmp_path: Path) -> None:
    joblib.dump(_estimators(), tmp_path / "dumped", compress=compress)
    parts = examine((tmp_path / "dumped").read_bytes())
    _clean(parts)
    assert parts[0].format == "joblib"


def test_pandas(examine: Examine, tmp_path: Path) -> None:
    for name in ("frame.pkl", "frame.pkl.gz", "frame.pkl.xz"):
        _estimators()["frame"].to_pickle(tmp_path / name)
        _clean(examine((tmp_path / name).read_bytes()))


@pytest.mark.parametrize("new", [True, False])
def test_torch(new: bool, examine: Examine, worker: Worker, tmp_path: Path) -> None:
    for name, value in _checkpoints().items():
        torch.save(value, tmp_path / name, _use_new_zipfile_serialization=new)
        content = (tmp_path / name).read_bytes()
        parts = examine(content)
        _clean(parts)
        assert parts[0].format == ("torch-zip" if new else "torch-legacy")
        assert worker.examine(Ranges(content), name=name) == parts


def test_training_arguments(examine: Examine, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    torch.save(transformers.TrainingArguments(output_dir=str(tmp_path / "out")), tmp_path / "training_args.bin")
    _clean(examine((tmp_path / "training_args.bin").read_bytes()))


def test_a_checkpoint_by_ranges_takes_a_handful_of_requests(worker: Worker, tmp_path: Path) -> None:
    weights = {f"layer.{i}.weight": torch.zeros(256, 256) for i in range(200)}
    torch.save(weights, tmp_path / "big")
    content = (tmp_path / "big").read_bytes()
    ranges = Ranges(content)
    parts = worker.examine(ranges, name="big")
    _clean(parts)
    assert len(parts) == 2
    assert len(ranges.requests) <= 5
    assert sum(n for _, n in ranges.requests) < 0.005 * len(content)


def test_large_random_data_is_not_taken_for_pickles(examine: Examine) -> None:
    """Embeddings in a plain pickle: thousands of places start like a pickle by chance."""
    import random

    noise = random.Random(7).randbytes(24 << 20)
    for protocol in (2, 4):
        parts = examine(pickle.dumps({"vectors": noise}, protocol=protocol))
        _clean(parts)
        assert parts[0].pickle is not None
        assert {use.name for use in parts[0].pickle.uses} <= {"encode"}
