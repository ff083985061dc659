"""HDF5: files that reading reads too, Keras models in attributes, hostile bytes. CVE-2025-9905, CVE-2026-1669."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.scanners import engine
from safeload.scanners.interface import How, Report, Unscanned
from tests.builders import opcodes as op
from tests.scanners.conftest import OnDisk, ids, snapshot_of
from tests.scanners.test_keras import DENSE, built, in_keras, model, needs_keras

pytestmark = pytest.mark.heavy

np = pytest.importorskip("numpy")
h5py = pytest.importorskip("h5py")
pytest.importorskip("pyfive")
Scan = Callable[[bytes], Report]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    both = Workers()
    yield both
    both.close()


@pytest.fixture
def scan(workers: Workers) -> Scan:
    def run(data: bytes) -> Report:
        return engine.scan(snapshot_of("m.h5"), lambda artifact: OnDisk(data), how=How.LOCAL, worker=workers)

    return run


def written(path: Path, fill: Callable[[Any], None], **options: Any) -> bytes:
    with h5py.File(path, "w", **options) as file:
        fill(file)
    return path.read_bytes()


def gaps(report: Report) -> list[str]:
    return [result.reason.value for result in report.results if isinstance(result, Unscanned)]


def test_without_us_a_dataset_brings_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"password")
    where = str(tmp_path / "secret")
    written(tmp_path / "m.h5", lambda f: f.create_dataset("w", (8,), "u1", external=[(where, 0, 8)]))
    with h5py.File(tmp_path / "m.h5") as file:
        assert bytes(file["w"][:]) == b"password"


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}], ids=str)
def test_what_lies_in_another_file_is_found(options: dict[str, Any], tmp_path: Path, scan: Scan) -> None:
    def stored(file: Any) -> None:
        file.create_group("layers/dense").create_dataset("w", (8,), "u1", external=[("/etc/passwd", 0, 8)])

    def linked(file: Any) -> None:
        file.create_group("layers")["w"] = h5py.ExternalLink("/etc/passwd", "/x")

    def many(file: Any) -> None:
        for index in range(40):
            file.create_dataset(f"v{index}", data=[1.0])
        file["w"] = h5py.ExternalLink("other.h5", "/x")

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
        file.create_virtual_dataset("w", layout)

    for fill in (stored, linked, many, virtual):
        report = scan(written(tmp_path / "m.h5", fill, **options))
        assert ids(report.findings) == ["hdf5-other-file"], fill
        assert not gaps(report)


@pytest.mark.parametrize("size", [0, 70_000], ids=["compact", "dense attributes"])
def test_a_lambda_in_an_attribute_is_found(size: int, tmp_path: Path, scan: Scan) -> None:
    """CVE-2025-9905: safe_mode was ignored for .h5 files."""
    layer = built("Lambda", {"function": ["4wEAAABvcw==", None, None], "function_type": "lambda"}, None)
    config = json.dumps(model(layer, padding="x" * size))

    def fill(file: Any) -> None:
        file.attrs["model_config"] = config
        file.attrs["keras_version"] = "2.15.0"
        file.create_group("model_weights").create_dataset("w", data=[1.0])

    if not size:
        assert "keras-lambda" in ids(scan(written(tmp_path / "m.h5", fill)).findings)
    assert "keras-lambda" in ids(scan(written(tmp_path / "n.h5", fill, libver="latest")).findings)


def test_custom_losses_in_an_attribute_are_found(tmp_path: Path, scan: Scan) -> None:
    def fill(file: Any) -> None:
        file.attrs["model_config"] = json.dumps(model(DENSE)).encode()
        file.attrs["training_config"] = json.dumps({"loss": built("function", "system", "os")})

    assert ids(scan(written(tmp_path / "m.h5", fill)).findings) == ["keras-dangerous-name"]


def test_an_attribute_that_is_no_configuration_is_a_gap(tmp_path: Path, scan: Scan) -> None:
    values: list[Any] = [[1, 2], "{", "[" * 100_000]
    for value in values:

        def fill(file: Any, value: Any = value) -> None:
            file.attrs["model_config"] = value

        assert gaps(scan(written(tmp_path / "m.h5", fill, libver="latest")))


def test_a_file_with_pickles_in_attributes_is_a_gap(tmp_path: Path, scan: Scan) -> None:
    report = scan(written(tmp_path / "m.h5", lambda f: f.attrs.__setitem__("PYTABLES_FORMAT_VERSION", "2.1")))
    assert gaps(report) == ["unknown-format"]


def test_something_in_front_of_the_file_is_a_gap(tmp_path: Path, scan: Scan) -> None:
    whole = written(tmp_path / "m.h5", lambda f: None, userblock_size=512)
    assert gaps(scan(whole)) == []
    assert gaps(scan(b"\xa7\r\r\n" + whole[4:])) == ["unknown-format"]


def test_ordinary_data_is_clean(tmp_path: Path, scan: Scan) -> None:
    def fill(file: Any) -> None:
        group = file.create_group("layers/dense")
        group.create_dataset("w", data=[[1.0, 2.0]] * 100, chunks=(10, 2), compression="gzip")
        group.attrs["names"] = ["a", "b"]
        file["again"] = h5py.SoftLink("/layers")
        file["hard"] = file["layers"]
        file["layers/loop"] = file["layers"]

    every: list[dict[str, Any]] = [{}, {"libver": "latest"}, {"userblock_size": 512}]
    for options in every:
        report = scan(written(tmp_path / "m.h5", fill, **options))
        assert not report.findings and not gaps(report)


@needs_keras
def test_models_that_keras_wrote_are_clean(tmp_path: Path, scan: Scan) -> None:
    in_keras(
        """
import keras
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
model.compile("adam", "mse", metrics=["mae"])
model.save(folder + "/m.h5")
model.save(folder + "/m.keras")
model.save_weights(folder + "/m.weights.h5")
""",
        tmp_path,
    )
    for name in ("m.h5", "m.keras", "m.weights.h5"):
        report = scan((tmp_path / name).read_bytes())
        assert [(f.rule.id, f.evidence) for f in report.findings if f.rule.id != "extension-mismatch"] == []
        assert not gaps(report), name


def test_hostile_bytes_end_in_facts_or_a_gap(tmp_path: Path, scan: Scan) -> None:
    import random

    def fill(file: Any) -> None:
        file.attrs["model_config"] = json.dumps(model(DENSE))
        file.create_group("a/b").create_dataset("w", data=[1.0] * 10, chunks=(5,))

    rng = random.Random(1)
    every: list[dict[str, Any]] = [{}, {"libver": "latest"}]
    for options in every:
        whole = written(tmp_path / "m.h5", fill, **options)
        for _ in range(60):
            data = bytearray(whole[: rng.choice([len(whole), rng.randrange(8, len(whole))])])
            for _ in range(rng.randrange(1, 12)):
                data[rng.randrange(8, len(data))] = rng.choice([0, 255, rng.randrange(256)])
            assert scan(bytes(data)).results


# pandas reads HDF5 by PyTables, which unpickles what it finds in a file of anybody's.
UNPICKLES = (
    "import sys, tables\nwith tables.open_file(sys.argv[1]) as f:\n"
    "    for node in f.walk_nodes('/'):\n        [node._v_attrs[name] for name in node._v_attrs._v_attrnames]\n"
    "        isinstance(node, tables.VLArray) and node.read()\n"
)


def _of_an_object(file: Any, data: bytes) -> None:
    file.create_group("g").attrs["note"] = np.bytes_(data)


def _of_the_file(file: Any, data: bytes) -> None:
    file.attrs["note"] = np.bytes_(data)


def _in_rows(file: Any, data: bytes) -> None:
    rows = file.create_dataset("rows", (1,), h5py.vlen_dtype(np.uint8), maxshape=(None,), chunks=(1,))
    rows[0] = np.frombuffer(data, np.uint8)
    said = {"CLASS": "VLARRAY", "VERSION": "1.4", "TITLE": "", "FLAVOR": "python", "PSEUDOATOM": "object"}
    for name, value in said.items():
        rows.attrs[name] = np.bytes_(value)


@pytest.mark.parametrize(
    ("put", "rule"), [(_of_an_object, "pickle-dangerous-call"), (_of_the_file, "pickle-dangerous-call"), (_in_rows, "")]
)
def test_a_pickle_that_pytables_would_load_is_found(
    put: Callable[[Any, bytes], None], rule: str, tmp_path: Path, scan: Scan
) -> None:
    """No `PYTABLES_…` attribute says that it is a file for PyTables."""
    marker = tmp_path / "ran"
    data = written(tmp_path / "m.h5", lambda file: put(file, op.proto(2) + op.touch(marker) + op.STOP))
    report = scan(data)
    assert rule in ids(report.findings) if rule else gaps(report) == ["unknown-format"]
    assert not marker.exists()
    pytest.importorskip("tables")
    subprocess.run([sys.executable, "-c", UNPICKLES, str(tmp_path / "m.h5")], check=False, timeout=60)
    assert marker.exists(), "no attack"


def test_a_sentence_in_an_attribute_is_ordinary(tmp_path: Path, scan: Scan) -> None:
    def fill(file: Any) -> None:
        _of_an_object(file, b"Weights of the second layer, in rows.")
        file["g"].attrs["names"] = [b"one.", b"two."]

    report = scan(written(tmp_path / "m.h5", fill))
    assert not report.findings and not gaps(report)
