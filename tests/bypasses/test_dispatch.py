"""An allowed class that calls a method which its state names, on an object that its state holds.

The file is quiet when it loads, and writes where the attacker wants when the model is used.
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from safeload.scanners.names import Standing, classify

stacking = pytest.importorskip("sklearn.ensemble")
dummy = pytest.importorskip("sklearn.dummy")
numpy = pytest.importorskip("numpy")


def planted(marker: Path):
    """A fitted stack whose second stage calls `write_bytes` of a path with what the first stage predicts."""
    payload = b"written by predict()"
    first = dummy.DummyRegressor(strategy="constant", constant=0)
    first.constant_, first.n_outputs_ = numpy.frombuffer(payload, "u1").reshape(1, -1), len(payload)
    stack = stacking.StackingRegressor([])
    stack.estimators_, stack.stack_method_, stack.passthrough = [marker], ["write_bytes"], False
    return first, stack


def test_it_is_asked_about(look, tmp_path):
    data = pickle.dumps(planted(tmp_path / "marker"))
    assert "pickle-unknown-name" in {finding.rule.id for finding in look(data).findings}


def test_twin_the_attack_works(tmp_path):
    first, stack = pickle.loads(pickle.dumps(planted(tmp_path / "marker")))
    with pytest.raises(AttributeError, match="ndim"):  # what write_bytes returned is no array; it has written by then
        stack.transform(first.predict([[0]]))
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pathlib", "PosixPath"),
        ("pathlib", "Path"),
        ("sklearn.ensemble._stacking", "StackingRegressor"),
        ("sklearn.feature_selection._from_model", "SelectFromModel"),
        ("sklearn.feature_selection._rfe", "RFE"),
    ],
)
def test_neither_half_of_it_is_known_as_harmless(module, name):
    assert classify(module, name) is Standing.UNKNOWN
