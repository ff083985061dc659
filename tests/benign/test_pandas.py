# ruff: noqa: E501 -- one case a line
"""What pandas' own objects become in a pickle is allowed."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, joblibbed, pickled

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

SERIES: dict[str, Callable[[], Any]] = {
    **{
        f"Series of {kind}": (lambda kind=kind: pd.Series([0, 1, 1], dtype=kind))
        for kind in (
            "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
            "complex128", "object", "boolean", "Int8", "Int64", "UInt16", "Float32", "Float64", "category",
        )
    },
    "Series of str": lambda: pd.Series(["a", "b", None]),
    "Series of string[python]": lambda: pd.Series(["a", None], dtype=pd.StringDtype("python")),
    "Series of strings as objects": lambda: pd.Series(["a", "b"], dtype=object),
    "Series of ordered categories": lambda: pd.Series(pd.Categorical(["a", "b"], ["b", "a"], ordered=True)),
    "Series of datetimes": lambda: pd.Series(pd.date_range("2026-01-01", periods=3)),
    "Series of datetimes with timezone": lambda: pd.Series(pd.date_range("2026-01-01", periods=3, tz="UTC")),
    "Series of datetimes in Berlin": lambda: pd.Series(pd.date_range("2026-01-01", periods=3, tz="Europe/Berlin")),
    "Series of timedeltas": lambda: pd.Series(pd.to_timedelta([1, 2], unit="D")),
    "Series of periods": lambda: pd.Series(pd.period_range("2026-01", periods=3, freq="M")),
    "Series of intervals": lambda: pd.Series(pd.interval_range(0, 3)),
    "Series of sparse numbers": lambda: pd.Series(pd.arrays.SparseArray([0.0, 0.0, 1.0])),
    "Series with a name and attributes": lambda: _with_attributes(pd.Series([1], name="x")),
}  # fmt: skip


def _with_attributes(series: Any) -> Any:
    series.attrs["source"] = "here"
    return series


def _frame() -> Any:
    return pd.DataFrame({"a": [1, 2, 3], "b": [1.5, None, 2.5], "c": ["x", "y", None], "d": [True, False, True]})


CASES: dict[str, Callable[[], Any]] = {
    **SERIES,
    "DataFrame": _frame,
    "empty DataFrame": pd.DataFrame,
    "DataFrame with a labelled index": lambda: _frame().set_index("a"),
    "DataFrame with a MultiIndex": lambda: _frame().set_index(["a", "d"]),
    "DataFrame with columns of two levels": lambda: pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_product([["a"], [1, 2]])),
    "DataFrame with a time index": lambda: pd.DataFrame({"a": range(3)}, index=pd.date_range("2026", periods=3, freq="h")),
    "DataFrame with a business day index": lambda: pd.DataFrame({"a": range(3)}, index=pd.bdate_range("2026", periods=3)),
    "DataFrame with a month index": lambda: pd.DataFrame({"a": range(3)}, index=pd.date_range("2026", periods=3, freq="ME")),
    "DataFrame with a period index": lambda: pd.DataFrame({"a": range(3)}, index=pd.period_range("2026", periods=3, freq="D")),
    "DataFrame with a categorical index": lambda: pd.DataFrame({"a": [1]}, index=pd.CategoricalIndex(["x"])),
    "DataFrame with an interval index": lambda: pd.DataFrame({"a": [1]}, index=pd.interval_range(0, 1)),
    "RangeIndex": lambda: pd.RangeIndex(3),
    "Index": lambda: pd.Index([1, 2], name="x"),
    "Index of strings": lambda: pd.Index(["a", "b"]),
    "MultiIndex": lambda: pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"]),
    "DatetimeIndex": lambda: pd.date_range("2026", periods=2, tz="Europe/Berlin"),
    "TimedeltaIndex": lambda: pd.timedelta_range(0, periods=3, freq="D"),
    "PeriodIndex": lambda: pd.period_range("2026", periods=2, freq="Q"),
    "IntervalIndex": lambda: pd.interval_range(0.0, 2.0),
    "Timestamp": lambda: [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01", tz="UTC")],
    "Timedelta": lambda: pd.Timedelta("1D"),
    "Period": lambda: pd.Period("2026-01", "M"),
    "Interval": lambda: pd.Interval(0, 1, closed="left"),
    "NaT and NA": lambda: [pd.NaT, pd.NA],
    "Categorical": lambda: pd.Categorical(["a", "b"]),
    "dtypes": lambda: [pd.CategoricalDtype(["a"]), pd.Int64Dtype(), pd.StringDtype("python"), pd.DatetimeTZDtype("ns", "UTC"),
                       pd.PeriodDtype("M"), pd.IntervalDtype("int64"), pd.SparseDtype(float), pd.BooleanDtype()],
    "offsets": lambda: [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.BusinessDay(), pd.offsets.Hour(1), pd.DateOffset(months=1)],
    "NamedAgg": lambda: pd.NamedAgg("a", "sum"),
    "Series of Series": lambda: pd.Series([pd.Series([1]), pd.Series([2])]),
    "DataFrame in a dictionary": lambda: {"train": _frame(), "columns": _frame().columns, "types": _frame().dtypes},
}  # fmt: skip

ASKS: dict[str, str] = {}


def _arrow(kind: str, *values: Any) -> Any:
    import pyarrow  # type: ignore[import-untyped]

    return pd.Series([*values, None], dtype=pd.ArrowDtype(eval(kind, {"pa": pyarrow})))


if find_spec("pyarrow") is not None:
    CASES |= {
        **{
            f"Series of {kind}[pyarrow]": (lambda kind=kind: pd.Series([0, 1, None], dtype=f"{kind}[pyarrow]"))
            for kind in ("bool", "int8", "int64", "uint32", "float", "double")
        },
        "Series of strings of pyarrow": lambda: _arrow("pa.string()", "a", "é"),
        "Series of bytes of pyarrow": lambda: _arrow("pa.binary()", b"a"),
        "Series of datetimes of pyarrow": lambda: _arrow("pa.timestamp('ns')", pd.Timestamp("2026")),
        "Series of datetimes with timezone of pyarrow": lambda: _arrow("pa.timestamp('us', 'UTC')", pd.Timestamp("2026", tz="UTC")),
        "Series of dates of pyarrow": lambda: _arrow("pa.date32()", datetime.date(2026, 1, 1)),
        "Series of timedeltas of pyarrow": lambda: _arrow("pa.duration('ns')", pd.Timedelta("1D")),
        "Series of times of pyarrow": lambda: _arrow("pa.time64('us')", datetime.time(1)),
        "Series of a dictionary of pyarrow": lambda: _arrow("pa.dictionary(pa.int32(), pa.string())", "a", "b", "a"),
        "Series of nothing of pyarrow": lambda: _arrow("pa.null()"),
        "Series of lists of pyarrow": lambda: _arrow("pa.list_(pa.int64())", [1, 2]),
        "Series of lists of texts of pyarrow": lambda: _arrow("pa.large_list(pa.string())", ["a", None], []),
        "Series of embeddings of pyarrow": lambda: _arrow("pa.list_(pa.float32(), 3)", [0.1, 0.2, 0.3]),
        "Series of records of pyarrow": lambda: _arrow("pa.struct([('a', pa.int64()), ('b', pa.list_(pa.string()))])", {"a": 1, "b": ["c"]}),
        "Series of maps of pyarrow": lambda: _arrow("pa.map_(pa.string(), pa.int8())", [("a", 1)]),
        "Series of decimals of pyarrow": lambda: _arrow("pa.decimal128(10, 2)", decimal.Decimal("1.50")),
        "a part of a Series of strings": lambda: pd.Series(["a", "b", None, "dé"]).iloc[1:3],
        "a result of pyarrow": lambda: _arrow("pa.int64()", 1, 2).iloc[1:] > 1,
        "texts put together": lambda: pd.concat([pd.Series(["a"]), pd.Series([None, "c"])]),
        "empty Series of strings": lambda: pd.Series([], dtype="string[pyarrow]"),
        "dtypes of pyarrow": lambda: [pd.StringDtype("pyarrow"), _arrow("pa.int64()").dtype, _arrow("pa.timestamp('s')").dtype],
    }  # fmt: skip

# How pandas keeps texts: objects of Python, or numpy's, or pyarrow's, which it takes by itself where that is installed.
STORAGES: list[dict[str, Any]] = [
    {"future.infer_string": False},
    *(
        {"future.infer_string": True, "mode.string_storage": storage}
        for storage in ("python", "pyarrow")
        if storage == "python" or find_spec("pyarrow") is not None
    ),
]


def _in_every_storage(make: Callable[[], Any]) -> Callable[[], list[Any]]:
    def made() -> list[Any]:
        values = []
        for storage in STORAGES:
            with ExitStack() as options:
                for option, value in storage.items():
                    options.enter_context(pd.option_context(option, value))
                values.append(make())
        return values

    return made


def write(values: list[Any]) -> list[bytes]:
    return [*dict.fromkeys(data for value in values for data in (*pickled(value), joblibbed(value)))]


CASES = {name: _in_every_storage(make) for name, make in CASES.items()}
SUITE = Suite(library="pandas", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
