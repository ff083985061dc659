"""A sparse column of pandas: compiled code reads as many values as there are places."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, verdict

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
Look = Callable[..., Report]
MANY = 1 << 16
# All values are 1, so every sum of one with 0 or 1 is 1 or 2; what else comes of it was never in the file.
ADDS = f"""
import pandas, pickle
total = pickle.load(open(path, 'rb')) + pandas.arrays.SparseArray([0, 1] * {MANY // 2 + 1})
print({{*total.sp_values.tolist()}} <= {{1, 2}}, flush=True)
"""


def column(kind: str, places: int, values: int) -> bytes:
    made = pd.arrays.SparseArray(np.arange(places + 2) % (places + 1), kind=kind)
    state: dict[str, Any] = {**made.__dict__, "_sparse_values": np.ones(values, dtype=np.int64)}
    made.__dict__.update(state)
    return pickle.dumps(made, 4)


@pytest.mark.parametrize("kind", ["integer", "block"])
def test_fewer_values_than_places(kind: str, look: Look, oracle: Oracle) -> None:
    assert verdict(look(column(kind, 5, 5))) is Action.ALLOW
    assert verdict(look(column(kind, 5, 4))) is Action.BLOCK
    assert oracle.run(ADDS, column(kind, MANY, MANY)) == (0, "True")
    far = column(kind, MANY, 1)
    assert verdict(look(far)) is Action.BLOCK
    ended, last = oracle.run(ADDS, far)
    assert ended < 0 or last == "False", (ended, last)


def test_places_that_pandas_would_not_check(look: Look) -> None:
    class Unchecked:
        def __reduce__(self) -> Any:
            return type(pd.arrays.SparseArray([1]).sp_index), (2, np.array([9], dtype=np.int32), False)

    assert verdict(look(pickle.dumps(Unchecked(), 4))) is not Action.ALLOW
