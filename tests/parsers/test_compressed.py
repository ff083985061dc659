"""What is inside compressed files: read as any other content, under the limits, whole or as a gap."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload import limits
from safeload.errors import Malformed
from safeload.parsers.containers import forward, inflate
from safeload.parsers.facts import Part
from safeload.parsers.reader import Reader
from safeload.parsers.sandbox.workers import Workers
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.builders.zips import Member, archive
from tests.parsers.conftest import Examine, LocalFile, Runs, gaps, names

PACK: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
}


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    both = Workers()
    yield both
    both.close()


def looked(workers: Workers, path: Path) -> tuple[Part, ...]:
    readable = LocalFile(path)
    try:
        return workers.examine(readable, name="examined")
    finally:
        readable.close()


@pytest.mark.parametrize("kind", PACK)
def test_any_content_is_read_by_what_it_is(kind: str, examine: Examine, tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.arange(3.0))
    forms = {
        "npy": array.getvalue(),
        "text": b"a,b\n1,2\n",
        "json": b'{"a": 1}',
        "torch-zip": torch_zip(op.evil(tmp_path / "marker")),
    }
    for form, content in forms.items():
        parts = examine(PACK[kind](content))
        assert parts[0].format == kind and parts[0].gap is None
        assert parts[1].format == form and parts[1].member == ("content",)
    assert "builtins.open" in names(parts)
    assert gaps(examine(PACK[kind](bytes(range(256)) * 4))) == {"unknown-format"}


def test_a_compressed_pickle_is_the_file_itself(examine: Examine, tmp_path: Path) -> None:
    (part,) = examine(gzip.compress(b"cbuiltins\nopen\n(V/nowhere\nVw\ntR."))
    assert part.format == "joblib" and part.member == () and "gzip" in part.also
    assert "builtins.open" in names((part,))


def test_compression_within_compression_ends(examine: Examine) -> None:
    content = pickle.dumps([1])
    for _ in range(limits.ARCHIVE_DEPTH + 2):
        content = gzip.compress(content)
    assert "limit" in gaps(examine(content))


def test_zstd_is_read_with_its_library(workers: Workers, real_load: Runs, tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    marker = tmp_path / "marker"
    packed = zstandard.ZstdCompressor().compress(op.evil(marker))
    path = tmp_path / "m.zst"
    path.write_bytes(packed)
    parts = looked(workers, path)
    assert gaps(parts) == set() and "builtins.open" in names(parts)
    real_load("import zstandard; pickle.loads(zstandard.open(path, 'rb').read())", packed)
    assert marker.exists()
    for broken in (packed[:-3], packed + b"behind", packed + packed[:9]):
        path.write_bytes(broken)
        assert gaps(looked(workers, path)) == {"malformed"}
    path.write_bytes(zstandard.ZstdCompressor().compress(bytes(300 << 20)))
    assert gaps(looked(workers, path)) == {"unknown-format"}


def test_joblibs_first_form(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    from joblib.numpy_pickle_compat import write_zfile

    marker = tmp_path / "marker"
    made = io.BytesIO()
    write_zfile(made, op.evil(marker))
    (part,) = examine(made.getvalue())
    assert part.format == "joblib" and part.gap is None and "builtins.open" in names((part,))
    real_load("import joblib; joblib.load(path)", made.getvalue())
    assert marker.exists()
    assert gaps(examine(made.getvalue().replace(b"ZF0x", b"ZF0y"))) & {"malformed", "unknown-format"}
    assert gaps(examine(made.getvalue() + b"behind")) == {"malformed"}
    assert gaps(examine(made.getvalue()[:-1])) == {"malformed"}


def test_the_names_of_other_files_are_said(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """The pickle names only a wrapper; the file that it opens holds the payload."""
    marker = tmp_path / "marker"
    state = op.EMPTY_DICT + op.MARK + op.text("filename") + op.text(str(tmp_path / "other.npy"))
    state += op.text("allow_mmap") + b"\x89" + op.SETITEMS
    content = op.proto(2) + op.glob("joblib.numpy_pickle_compat", "NDArrayWrapper") + b")\x81" + state + b"b."
    (part,) = examine(content)
    assert part.gap is None
    assert [(one.kind, one.text) for one in part.mentions] == [("sidecar", str(tmp_path / "other.npy"))]
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': ()}\n"
    (tmp_path / "other.npy").write_bytes(b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + op.evil(marker))
    real_load("import joblib; joblib.load(path)", content)
    assert marker.exists()


def test_more_than_is_read_is_a_limit(examine: Examine) -> None:
    packed = zlib.compress(bytes(16 << 20), 9)
    bomb = zlib.compress(packed * 16, 9)
    assert gaps(examine(bomb)) <= {"malformed", "unknown-format", "limit"} and gaps(examine(bomb))
    with pytest.raises(Malformed, match="bytes"):
        inflate.undone(Reader.of_bytes(packed), "zlib", _spend_at_most(1 << 20))


def _spend_at_most(most: int) -> Callable[[int], None]:
    left = [most]

    def spend(n: int) -> None:
        left[0] -= n
        if left[0] < 0:
            raise Malformed("too many bytes")

    return spend


def test_long_content_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a window: beyond it the content is made again, and is the same."""
    monkeypatch.setattr(limits, "HELD", 1 << 20)
    monkeypatch.setattr(inflate, "_STEP", 1 << 16)
    rng = np.random.default_rng(0)
    content = rng.bytes(1 << 20) + bytes(3 << 20) + rng.bytes(1 << 20)
    reader = inflate.undone(Reader.of_bytes(gzip.compress(content, 1)), "gzip", lambda n: None)
    assert reader.size == len(content)
    for offset, n in [(0, 10), (4_000_000, 50), (10, 20), (len(content) - 5, 5), (0, len(content)), (2_000_000, 9)]:
        assert reader.read_at(offset, n) == content[offset : offset + n]


@given(st.binary(max_size=300), st.sampled_from(sorted(PACK)), st.integers(0, 400), st.binary(max_size=2))
def test_damage_is_noticed_or_harmless(content: bytes, kind: str, at: int, noise: bytes) -> None:
    packed = PACK[kind](content)
    broken = packed[:at] + noise + packed[at + len(noise) :]
    try:
        seen = inflate.undone(Reader.of_bytes(broken), kind, lambda n: None)
    except Malformed:
        return
    if kind != "lzma":  # which has no checksum
        assert seen.read_at(0, seen.size) == content


def test_a_forward_reader_over_the_network_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD", 100)
    with pytest.raises(Malformed, match="compressed form"):
        forward.opened(lambda: iter([bytes(101)]), spend=lambda n: None, local=False)


def test_a_member_packed_by_bz2_is_read(examine: Examine, real_load: Runs, tmp_path: Path) -> None:
    """Not by torch, but by whoever uses zipfile."""
    marker = tmp_path / "marker"
    bad = op.evil(marker)
    content = archive([Member(name="m.pkl", data=bad, method=12, packed=bz2.compress(bad))])
    assert "builtins.open" in names(examine(content))
    real_load("import pandas; pandas.read_pickle(path, compression='zip')", content)
    assert marker.exists()
