"""A dtype whose state denies that it holds objects makes numpy take bytes of the file for pointers to objects.

Every name is one that each array has; only what is said of the array is odd.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report, Scanned
from tests.builders import opcodes as op

Look = Callable[..., Report]
np = pytest.importorskip("numpy")
_RECONSTRUCT = np.ndarray(0).__reduce__()[0]
_SCALAR = np.float64(0).__reduce__()[0]
_FROMBUFFER = np.arange(1).__reduce_ex__(5)[0]
FORGED = ["pickle-forged-array"]


class Made:
    """Pickled as what `__reduce__` is to give."""

    def __init__(self, *reduced: Any) -> None:
        self._reduced = reduced

    def __reduce__(self) -> tuple[Any, ...]:
        return self._reduced


def dtype(
    spec: str, *, subarray: Any = None, names: Any = None, fields: Any = None, size: int = -1, flags: int = 0,
    alignment: int | None = None, order: str = "|", copy: Any = True, more: tuple[Any, ...] = (),
) -> Made:  # fmt: skip
    stated = alignment if alignment is not None else (-1 if size < 0 else 1)
    state = (3 + len(more), order, subarray, names, fields, size, stated, flags, *more)
    return Made(np.dtype, (spec, False, copy), state)


def array(of: Any, data: Any = b"A" * 8, *, shape: Any = (1,)) -> Made:
    return Made(_RECONSTRUCT, (np.ndarray, (0,), b"b"), (1, shape, of, False, data))


OBJECT = np.dtype("O")
FLOAT = np.dtype("f8")

# In real numpy each of these ends the process as soon as the element is looked at.
DEADLY: dict[str, tuple[Any, str]] = {
    "objects without flag": (array(dtype("O8")), "a[0]"),
    "objects in fields": (
        array(dtype("V8", names=("a",), fields={"a": (OBJECT, 0)}, size=8, flags=16)),
        "a['a'][0]",
    ),
    "objects in fields of fields": (
        array(dtype("V8", names=("a",), size=8, flags=16, fields={
            "a": (dtype("V8", names=("b",), fields={"b": (OBJECT, 0)}, size=8, flags=16), 0)})),
        "a['a']['b'][0]",
    ),
    "objects in a subarray": (
        array(dtype("V8", names=("a",), size=8, flags=16, fields={
            "a": (dtype("V8", subarray=(OBJECT, (1,)), size=8, alignment=8), 0)})),
        "a['a'][0][0]",
    ),
}  # fmt: skip

ODD: dict[str, Any] = {
    "fields on a number": array(dtype("f8", names=("a",), fields={"a": (OBJECT, 0)}, order="<")),
    "objects with half the flags": array(dtype("O8", flags=1), [None]),
    "flag without objects": array(dtype("f8", flags=63, order="<"), [1.0]),
    "another byte order": array(dtype("O8", flags=63, order=">"), [None]),
    "numpy's own dtype changed": array(dtype("f8", order="<", copy=False)),
    "two sizes": array(dtype("S4", size=400), b"AAAA"),
    "alignment": array(dtype("S4", size=4, alignment=0), b"AAAA"),
    "fields beyond the size": array(dtype("V4", names=("a",), fields={"a": (FLOAT, 0)}, size=4, flags=16), b"AAAA"),
    "a negative offset": array(dtype("V8", names=("a",), fields={"a": (FLOAT, -8)}, size=8, flags=16)),
    "a field over objects": array(
        dtype("V16", names=("a", "b"), fields={"a": (OBJECT, 0), "b": (FLOAT, 4)}, size=16, flags=27), [(None, 1.0)]
    ),
    "a field that has no name": array(
        dtype("V8", names=("a",), fields={"a": (FLOAT, 0), "b": (OBJECT, 0)}, size=8, flags=16)
    ),
    "a subarray of another size": array(
        dtype("V8", names=("a",), size=8, flags=16, fields={"a": (dtype("V8", subarray=(FLOAT, (9,)), size=8), 0)})
    ),
    "an array of subarrays": array(dtype("V8", subarray=(FLOAT, (1,)), size=8, alignment=8)),
    "times without a unit": array(dtype("M8", order="<")),
    "no time": array(dtype("M8", order="<", more=((None, ("ns", 1)),))),
    "short bytes": array(FLOAT, b"A" * 7),
    "long bytes": array(FLOAT, b"A" * 9),
    "a short list": array(OBJECT, [None], shape=(1000,)),
    "bytes for objects": array(OBJECT),
    "a list for numbers": array(FLOAT, [1.0]),
    "a negative shape": array(FLOAT, shape=(-1, -1)),
    "a shape that overflows": array(FLOAT, b"", shape=(1 << 32, 1 << 32)),
    "no dtype": array("f8"),
    "a shared dtype changed": array(Made(np.dtypes.Float64DType, (), (3, "|", None, None, None, -1, -1, 63))),
    "an array made larger": Made(_RECONSTRUCT, (np.ndarray, (4,), b"d")),
    "a scalar of bytes as an object": Made(_SCALAR, (OBJECT, b"A" * 8)),
    "a scalar without bytes": Made(_SCALAR, (OBJECT,)),
    "a short scalar": Made(_SCALAR, (FLOAT, b"A" * 4)),
    "objects over bytes": Made(_FROMBUFFER, (b"A" * 8, OBJECT, (1,), "C")),
    "a short buffer": Made(_FROMBUFFER, (b"A" * 8, FLOAT, (2,), "C")),
}


def generator(name: str, **changed: Any) -> Made:
    kind = getattr(np.random, name)
    state = kind(1).state
    for key in changed:
        (state["state"] if key in state["state"] else state)[key] = changed[key]
    return Made(np.random.MT19937(1).__reduce__()[0], (name,), state)


DEADLY["a position beyond the table"] = (generator("MT19937", pos=10**8), "a.random_raw(3)")
ODD["a position before the buffer"] = generator("Philox", buffer_pos=-9)
ODD["a position that is no number"] = generator("MT19937", pos="1")
ODD["a state in another form"] = generator("MT19937", state=("MT19937", 1, 10**8))


def found(report: Report) -> list[str]:
    return sorted({finding.rule.id for finding in report.findings})


@pytest.mark.parametrize("case", DEADLY)
def test_without_us_the_process_ends(case: str, tmp_path: Path) -> None:
    path = tmp_path / "array.pkl"
    path.write_bytes(pickle.dumps(DEADLY[case][0]))
    code = f"import pickle; a = pickle.load(open({str(path)!r}, 'rb')); {DEADLY[case][1]}"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode < 0


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("case", [*DEADLY, *ODD])
def test_what_numpy_does_not_write_is_found(look: Look, case: str, protocol: int) -> None:
    forged = DEADLY[case][0] if case in DEADLY else ODD[case]
    expected = "pickle-unexpected-state" if case == "a shared dtype changed" else "pickle-forged-array"
    assert expected in found(look(pickle.dumps(forged, protocol)))


RECORD = (
    op.glob("numpy", "dtype") + op.text("V8") + b"\x89\x88\x87R" + op.put(1)
    + b"(" + op.number(3) + op.text("|") + b"N" + op.text("a") + b"\x85"
    + b"}" + op.put(2) + op.text("a") + op.glob("numpy", "dtype") + op.text("f8") + b"\x89\x88\x87R"
    + b"(" + op.number(3) + op.text("<") + b"NNN" + op.number(-1) + op.number(-1) + op.number(0) + b"tb"
    + op.number(0) + b"\x86s" + op.number(8) + op.number(1) + op.number(16) + b"tb"
)  # fmt: skip
OBJECTS = (
    op.glob("numpy", "dtype") + op.text("O8") + b"\x89\x88\x87R"
    + b"(" + op.number(3) + op.text("|") + b"NNN" + op.number(-1) + op.number(-1) + op.number(63) + b"tb"
)  # fmt: skip


def filled(of: bytes) -> bytes:
    made = op.glob("numpy._core.multiarray", "_reconstruct") + op.glob("numpy", "ndarray") + op.number(0) + b"\x85"
    made += b"C\x01b\x87R" + b"(" + op.number(1) + op.number(1) + b"\x85" + of + b"\x89"
    return made + op.data(b"A" * 8) + b"tb"


AFTERWARDS = {
    "another field set": filled(RECORD) + op.get(2) + op.text("a") + OBJECTS + op.number(0) + b"\x86s0",
    "a field added": filled(RECORD) + op.get(2) + op.text("b") + OBJECTS + op.number(0) + b"\x86s0",
    "stated twice": filled(RECORD) + op.get(1) + b"(" + op.number(3) + op.text("|") + b"NNN" + op.number(8)
    + op.number(1) + op.number(0) + b"tb0",
    "stated after it was used": filled(op.glob("numpy", "dtype") + op.text("S8") + b"\x89\x88\x87R" + op.put(3))
    + op.get(3) + b"(" + op.number(3) + op.text("|") + b"NNN" + op.number(8) + op.number(1) + op.number(0) + b"tb0",
    "an array filled twice": filled(RECORD) + b"(" + op.number(1) + op.number(1) + b"\x85" + op.get(1) + b"\x89"
    + op.data(b"A" * 8) + b"tb",
}  # fmt: skip


def test_the_same_once_is_clean(look: Look) -> None:
    report = look(op.proto(4) + filled(RECORD) + op.STOP)
    assert found(report) == []
    assert all(isinstance(result, Scanned) for result in report.results)


@pytest.mark.parametrize("case", AFTERWARDS)
def test_a_dtype_stays_what_it_is(look: Look, case: str) -> None:
    """numpy holds on to the fields that it was given, and frees what it held before."""
    assert found(look(op.proto(4) + AFTERWARDS[case] + op.STOP)) == FORGED


@pytest.mark.parametrize("expression", ["a['a'][0]"])
def test_without_us_the_fields_can_be_changed_later(expression: str, tmp_path: Path) -> None:
    path = tmp_path / "array.pkl"
    path.write_bytes(op.proto(4) + AFTERWARDS["another field set"] + op.STOP)
    code = f"import pickle; a = pickle.load(open({str(path)!r}, 'rb')); {expression}"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode < 0


SPECS = "? i1 u1 i2 >i2 u4 >u8 f2 >f4 f8 g F >D G S S5 U >U3 V V7 m8 m8[25s] M8[ns] >M8[D] O".split()  # noqa: SIM905
RECORDS = [
    [], [("a", "O"), ("b", "i4")], [("a", "i4", (2, 3)), ("b", "O", 2)], [(("title", "n"), "f4")], [("t", "M8[s]")],
    [("x", [("y", "O"), ("z", ">U4")]), ("w", "V3")], {"names": ["a", "b"], "formats": ["i4", "i2"], "offsets": [0, 2]},
    {"names": ["a"], "formats": ["O"], "offsets": [8], "itemsize": 32},
]  # fmt: skip
DTYPES = [np.dtype(spec) for spec in SPECS] + [np.dtype(one) for one in RECORDS]
DTYPES += [np.dtype([("a", "i1"), ("b", "O"), ("c", "f8")], align=True), np.dtype("f8", metadata={"unit": "m"})]
DTYPES += [np.dtype((np.int32, {"low": (np.int16, 0), "high": (np.int16, 2)}))]  # fields over a number
DTYPES += [np.dtype((np.complex128, {"real": (np.float64, 0), "imag": (np.float64, 8)}))]
DTYPES += [np.dtype(("i4", (2, 3))), np.dtype((DTYPES[-2], 2)), np.dtype([("a", "f4")], metadata={"unit": "m"})]


def twins(kind: Any) -> list[Any]:
    if kind.subdtype is not None:
        return [kind]
    zeros = np.zeros((2, 3), dtype=kind)
    values = [kind, zeros, np.asfortranarray(zeros), zeros[:, ::2], np.zeros((), dtype=kind), np.zeros((0, 3), kind)]
    return [*values, *([] if kind == OBJECT else [zeros[0, 0]]), [zeros, zeros[0], kind]]


@pytest.mark.parametrize("protocol", [0, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", DTYPES, ids=lambda kind: str(kind)[:40])
def test_what_numpy_writes_is_clean(look: Look, kind: Any, protocol: int) -> None:
    report = look(pickle.dumps(twins(kind), protocol))
    assert [f"{f.rule.id}: {f.evidence}" for f in report.findings] == []
    assert all(isinstance(result, Scanned) for result in report.results), report.results


@pytest.mark.parametrize("protocol", [2, 5])
def test_what_is_only_unknown_is_not_called_forged(look: Look, protocol: int) -> None:
    """Records and numpy's own strings take names that are on no list; no more is said of them."""
    records = np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    values = [records, *([np.array(["a"], dtype=np.dtypes.StringDType())] if hasattr(np.dtypes, "StringDType") else [])]
    for value in values:
        assert "pickle-forged-array" not in found(look(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize("kind", [kind for kind in DTYPES if kind.subdtype is None and kind.itemsize], ids=str)
def test_what_joblib_writes_is_clean(look: Look, kind: Any, compress: int, tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib")
    joblib.dump(twins(kind), tmp_path / "a.joblib", compress=compress)
    report = look((tmp_path / "a.joblib").read_bytes())
    assert [f"{f.rule.id}: {f.evidence}" for f in report.findings] == []
    assert all(isinstance(result, Scanned) for result in report.results), report.results


def test_objects_as_a_machine_of_32_bits_writes_them_are_clean(look: Look) -> None:
    assert found(look(pickle.dumps(OBJECT, 2).replace(b"O8", b"O4"))) == []


@pytest.mark.parametrize("inner", [FLOAT, np.dtype([("a", "f8")]), np.dtype([("a", "O"), ("b", "f8")])])
def test_a_scalar_of_objects_over_another_array_in_joblibs_form_is_found(
    look: Look, inner: Any, tmp_path: Path
) -> None:
    """joblib puts what its wrapper stands for in the wrapper's place; numpy takes that array's bytes for addresses."""
    joblib = pytest.importorskip("joblib")
    record = np.dtype([("a", "O")])
    joblib.dump(Made(_SCALAR, (record, np.zeros(1, inner))), tmp_path / "a.joblib")
    assert set(FORGED) <= set(found(look((tmp_path / "a.joblib").read_bytes())))
