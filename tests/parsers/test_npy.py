"""numpy's files: what numpy writes is read to the last byte, what it would refuse is a gap, objects are pickles."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import Malformed
from safeload.parsers.pickles import literals, npy
from safeload.parsers.reader import Reader
from tests.builders import opcodes as op
from tests.parsers.conftest import Examine, Runs, gaps, names

LOAD = "import numpy; numpy.load(path, allow_pickle=True)"


def saved(*arrays: Any) -> bytes:
    made = io.BytesIO()
    for array in arrays:
        np.save(made, array, allow_pickle=True)
    return made.getvalue()


def header(text: str, *, version: int = 1) -> bytes:
    raw = text.encode("utf-8") + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + len(raw).to_bytes(2 if version == 1 else 4, "little") + raw


def fields(**changes: str) -> bytes:
    given = {"descr": "'<f8'", "fortran_order": "False", "shape": "(2,)", **changes}
    return header("{" + ", ".join(f"'{key}': {value}" for key, value in given.items()) + "}")


ARRAYS = [
    np.zeros((2, 3)), np.zeros((0, 3)), np.array(1.5), np.asfortranarray(np.ones((3, 4))), np.array(["a", "bcd"]),
    np.array([b"xy"]), np.array([True]), np.array([1j]), np.array(["2020-01-01"], dtype="M8[ns]"),
    np.array(["2020"], dtype="M8[25Y]"), np.zeros(2, dtype=[("a", "i8"), ("b", [("c", "f4"), ("d", "S3")])]),
    np.zeros(2, dtype=np.dtype([("a", "u1"), ("b", "f8", (2, 3))], align=True)), np.zeros(3, dtype=">i4"),
    np.zeros(2, dtype="V7"), np.zeros(2, dtype=[(("the title", "a"), "i4")]), np.zeros(2, dtype=[("größe", "i4")]),
    np.zeros(1, dtype=[("it's", "i4")]), np.zeros(2, dtype="U0"), np.zeros(3, dtype="f2"), np.zeros(3, dtype="g"),
]  # fmt: skip


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_numbers_are_accounted_for(array: Any, examine: Examine) -> None:
    (part,) = examine(saved(array))
    assert part.gap is None and part.pickle is None
    assert part.tensors is not None and part.tensors.anomalies == ()
    assert sum(part.tensors.parameters.values()) == array.size
    assert gaps(examine(saved(array)[:-1])) == {"malformed"}


def test_several_arrays_and_what_follows_them(examine: Examine) -> None:
    (part,) = examine(saved(np.ones(3), np.ones(4, dtype="f4")))
    assert part.tensors is not None and part.tensors.parameters == {"F64": 3, "F32": 4}
    (part,) = examine(saved(np.ones(3)) + b"behind")
    assert part.tensors is not None and part.tensors.anomalies == ("6 bytes follow the last array",)


def test_an_array_of_objects_is_a_pickle(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = fields(descr="'|O'", shape="()") + op.evil(marker)
    (part,) = examine(content)
    assert part.gap is None
    assert "builtins.open" in names((part,))
    assert part.pickle is not None and ("builtins", "open") in part.pickle.streams[0].names
    real_load(LOAD, content)
    assert marker.exists()


def test_a_later_array_of_objects_is_seen(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = saved(np.ones(3)) + fields(descr="'|O'", shape="()") + op.evil(marker)
    assert "builtins.open" in names(examine(content))
    real_load("import numpy\nwith open(path, 'rb') as f:\n for _ in '12': numpy.load(f, allow_pickle=True)", content)
    assert marker.exists()


def test_the_stream_of_an_ordinary_object_array_is_named(examine: Examine) -> None:
    (part,) = examine(saved(np.array([{"a": 1}, None], dtype=object)))
    assert part.gap is None and part.pickle is not None
    (stream,) = part.pickle.streams
    assert pickle.loads(saved(np.array([{"a": 1}, None], dtype=object))[stream.offset :]).shape == (2,)


ODD = {
    "a call": fields(shape="(2,)+(2,)"),
    "a name": fields(shape="shape"),
    "a comprehension": fields(shape="tuple(2 for x in ())"),
    "a set": header("{'descr'}"),
    "a missing field": header("{'descr': '<f8', 'shape': (2,)}"),
    "one field more": fields(more="1"),
    "a field twice": header("{'descr': '<f8', 'descr': '|O', 'fortran_order': False, 'shape': (2,)}"),
    "a list as shape": fields(shape="[2]"),
    "a bare number as shape": fields(shape="(2)"),
    "a negative shape": fields(shape="(-2,)"),
    "a shape of words": fields(shape="('2',)"),
    "a truth as shape": fields(shape="(True,)"),
    "an endless shape": fields(shape=f"({2**60},)"),
    "order as number": fields(fortran_order="0"),
    "an unknown type": fields(descr="'<q9'"),
    "a type by name": fields(descr="'object'"),
    "objects in a field": fields(descr="[('a', '|O')]", shape="(1,)") + b"junk",
    "deep": fields(descr="[" * 40 + "]" * 40),
    "version 9": b"\x93NUMPY\x09\0\x02\0{}",
    "cut": b"\x93NUMPY\x01\0\x80\0{",
    "a long header": b"\x93NUMPY\x02\0" + (1 << 30).to_bytes(4, "little"),
    "something after": header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} or 1"),
}


@pytest.mark.parametrize("case", ODD)
def test_a_header_that_numpy_does_not_write_is_a_gap(case: str, examine: Examine) -> None:
    assert gaps(examine(ODD[case] + bytes(16))) & {"malformed", "limit"}


@pytest.mark.parametrize("version", [2, 3])
def test_later_versions_are_read(version: int, examine: Examine) -> None:
    (part,) = examine(header("{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }", version=version) + bytes(16))
    assert part.gap is None and part.tensors is not None and part.tensors.parameters == {"F64": 2}


VALUES = st.recursive(
    st.booleans() | st.none() | st.integers(-(10**18), 10**18) | st.text("ab'\"\\\n\t ü", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.text("xy'", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(VALUES)
def test_a_repr_is_read_as_it_was_written(value: Any) -> None:
    assert literals.parse(repr(value)) == value


@given(st.text("{}[]()',:\"\\ab1TrueFals \n", max_size=40))
def test_any_text_is_a_value_or_malformed(text: str) -> None:
    import ast

    try:
        value = literals.parse(text)
    except Malformed:
        return
    assert ast.literal_eval(text.strip()) == value


@given(st.binary(max_size=200))
def test_any_header_is_read_or_malformed(content: bytes) -> None:
    try:
        npy.header_at(Reader.of_bytes(npy.MAGIC + b"\x01\x00" + content), 0)
    except Malformed:
        return
