"""joblib's files: raw array bytes between opcodes make one file two programs."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest

from tests.builders import opcodes as op
from tests.parsers.conftest import Examine, Runs, gaps, names, roles

JOBLIB = "import joblib; joblib.load(path)"
PICKLE = "pickle.load(open(path, 'rb'))"
WRAPPER = op.glob("joblib.numpy_pickle", "NumpyArrayWrapper")


def dtype(spec: str, *, size: int = -1, flags: int = 0) -> bytes:
    state = (3, "|", None, None, None, size, 1 if size > 0 else -1, flags)
    made = op.glob("numpy", "dtype") + op.text(spec) + b"\x89\x88" + op.TUPLE3 + op.REDUCE
    return made + pickle.dumps(state, protocol=2)[2:-1] + op.BUILD


def state(count: int, of: bytes, *, extra: bytes = b"") -> bytes:
    """The wrapper's attributes, for an array of one dimension."""
    fields = op.text("subclass") + op.glob("numpy", "ndarray") + op.text("shape") + op.number(count) + op.TUPLE1
    fields += op.text("order") + op.text("C") + op.text("dtype") + of + op.text("allow_mmap") + b"\x88" + extra
    return op.EMPTY_DICT + op.MARK + fields + op.SETITEMS


def array(raw: bytes, *, of: bytes | None = None, count: int | None = None) -> bytes:
    """A wrapper built from NEWOBJ, and the bytes that joblib reads for it."""
    made = WRAPPER + op.EMPTY_TUPLE + op.NEWOBJ
    return made + state(len(raw) if count is None else count, of or dtype("u1")) + op.BUILD + raw


def dumped(value: object, **options: object) -> bytes:
    made = io.BytesIO()
    joblib.dump(value, made, **options)
    return made.getvalue()


def test_a_payload_behind_an_array_is_seen(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """A plain unpickler fails in the array's bytes; joblib skips them and goes on."""
    marker = tmp_path / "marker"
    content = op.proto(2) + array(b"\xff\xff\xff") + op.POP + op.touch(marker) + op.STOP
    parts = examine(content)
    assert roles(parts, "builtins.open") == {"called"}
    assert gaps(parts) == set()
    real_load(JOBLIB, content)
    assert marker.exists()


def test_a_payload_within_an_array_is_seen(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """The other way round: joblib skips what `pickle.load` runs."""
    marker = tmp_path / "marker"
    content = op.proto(2) + array(op.POP + op.touch(marker)) + op.STOP
    parts = examine(content)
    assert "builtins.open" in names(parts)
    real_load(JOBLIB, content)
    assert not marker.exists()
    real_load(PICKLE, content)
    assert marker.exists()


def test_a_payload_in_an_object_array_is_seen(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = op.proto(2) + array(op.evil(marker), of=dtype("O8", flags=63), count=1) + op.STOP
    parts = examine(content)
    assert roles(parts, "builtins.open") == {"called"}
    assert ("builtins", "open") in parts[0].pickle.streams[0].names  # type: ignore[union-attr]
    real_load(JOBLIB, content)
    assert marker.exists()


REFUSED = {
    "made by _reconstructor": (
        op.glob("copyreg", "_reconstructor") + WRAPPER + op.glob("builtins", "object") + b"N\x87R"
        + state(4, dtype("u1")) + op.BUILD + b"\0\0\0\0"
    ),
    "made by a call": WRAPPER + b")R" + state(4, dtype("u1")) + op.BUILD + b"\0\0\0\0",
    "built twice": array(b"\0") + state(4, dtype("u1")) + op.BUILD,
    "method in its state": (
        WRAPPER + b")\x81" + state(1, dtype("u1"), extra=op.text("read") + op.glob("a", "b")) + b"b\0"
    ),
    "objects by flag": array(b"\0" * 8, of=dtype("f8", flags=63), count=1),
    "objects without flag": array(b"\0" * 8, of=dtype("O8", flags=0), count=1),
    "size in the state": array(b"\0" * 4, of=dtype("S4", size=1), count=1),
    "dtype not made by a call": array(b"\0", of=op.glob("numpy", "dtype") + b")\x81"),
    "dtype of another library": array(b"\0", of=op.glob("ml_dtypes", "bfloat16")),
    "beyond the end": array(b"\0", count=1000),
    "overflowing": array(b"\0", of=dtype("f8"), count=2_000_000_000),
    "negative": array(b"\0", count=-1),
    "class in other hands": array(b"\0") + b"0" + op.glob("functools", "partial") + WRAPPER + b"\x85R",
    "subclass of another name": op.glob("joblib.numpy_pickle_compat", "NDArrayWrapper") + b")\x81}b",
    "by a dotted name": (
        op.stack_global("joblib", "numpy_pickle.NumpyArrayWrapper") + b")\x81" + state(1, dtype("u1")) + b"b\0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_anything_unusual_about_a_wrapper_is_refused(case: str, examine: Examine) -> None:
    assert gaps(examine(op.proto(4) + REFUSED[case] + op.STOP))


def test_a_desync_is_not_judged_by_one_reading(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """Only harmless names, and a wrapper that is made where no stand-in skips: joblib swallows the string's head."""
    marker = tmp_path / "marker"
    made = op.glob("copyreg", "_reconstructor") + WRAPPER + op.glob("builtins", "object") + b"N\x87R"
    hidden = op.POP + op.touch(marker) + op.STOP
    content = op.proto(2) + made + state(5, dtype("u1")) + op.BUILD + op.data(hidden) + op.STOP
    parts = examine(content)
    assert gaps(parts)
    real_load(JOBLIB, content)
    assert marker.exists()


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_the_whole_file_is_what_a_grant_names(compress: object, examine: Examine) -> None:
    import hashlib

    content = dumped({"a": np.arange(5)}, compress=compress)
    parts = examine(content)
    assert gaps(parts) == set()
    assert parts[0].format == "joblib"
    (stream,) = parts[0].pickle.streams  # type: ignore[union-attr]
    assert stream.sha256 == hashlib.sha256(content).hexdigest()
    assert ("joblib.numpy_pickle", "NumpyArrayWrapper") in stream.names


def test_arrays_of_all_kinds_are_accounted_for(examine: Examine) -> None:
    values = [
        np.zeros((2, 3)), np.zeros((0, 3)), np.array(1.5), np.asfortranarray(np.ones((3, 4))), np.array(["a", "bcd"]),
        np.array([b"xy"]), np.array([True]), np.array([1j]), np.array(["2020-01-01"], dtype="M8[ns]"),
        np.zeros(2, dtype=[("a", "i8"), ("b", [("c", "f4"), ("d", "S3")])]),
        np.array([None, "x", {"y": 1}], dtype=object),
        np.zeros(3, dtype=">i4"), np.zeros(2, dtype="V7"),
    ]  # fmt: skip
    for protocol in (2, 3, 4, 5):
        for value in values:
            parts = examine(dumped({"v": value, "behind": [1, 2]}, protocol=protocol))
            assert gaps(parts) == set(), (protocol, value.dtype, parts[0].gap)
            assert parts[0].pickle is not None and parts[0].pickle.leftover == 0


def test_bytes_behind_are_a_gap(examine: Examine) -> None:
    assert gaps(examine(dumped(np.arange(4)) + b"more")) == {"malformed"}


@pytest.mark.parametrize("kind", ["zlib", "gzip", "bz2", "xz"])
def test_a_compressed_file_that_is_cut_or_continued_is_a_gap(kind: str, examine: Examine) -> None:
    content = dumped(list(range(1000)), compress=(kind, 3))
    assert gaps(examine(content[:-4])) == {"malformed"}
    assert gaps(examine(content + b"behind")) == {"malformed"}


def test_lz4_is_for_the_worker_with_its_library(examine: Examine) -> None:
    (part,) = examine(b"\x04\x22\x4d\x18" + bytes(40))
    assert part.needs == "lz4"
    assert part.gap is not None
    assert "safeload[formats]" in part.gap.detail
