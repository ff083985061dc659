"""MessagePack: parameters of Flax are allowed, arrays that a reader unpickles are not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from tests.parsers.conftest import Ranges
from tests.scanners.formats import report_on, rule_ids, verdict

msgpack = pytest.importorskip("msgpack")
numpy = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def array(value: Any, *, type: int = 1, dtype: str = "") -> Any:
    """An array as `flax.serialization.msgpack_serialize` packs it."""
    raw = msgpack.packb((value.shape, dtype or value.dtype.name, value.tobytes()), use_bin_type=True)
    return msgpack.ExtType(type, raw)


def packed(value: Any) -> bytes:
    raw: bytes = msgpack.packb(value)
    return raw


def parameters() -> dict[str, Any]:
    layer = {"kernel": array(numpy.zeros((300, 70), numpy.float32)), "bias": array(numpy.zeros(70, numpy.float16))}
    chunks = {"0": array(numpy.zeros(8, numpy.int8)), "1": array(numpy.zeros(8, numpy.int8))}
    big = {"__msgpack_chunked_array__": True, "shape": {"0": 4, "1": 4}, "chunks": chunks}
    complexes = msgpack.ExtType(2, msgpack.packb((1.0, 2.0)))
    scalar = array(numpy.asarray(2.5), type=3)
    return {"params": {f"layer {n}": layer for n in range(40)}, "step": 7, "big": big, "c": complexes, "s": scalar}


def test_parameters_are_allowed(workers: Workers) -> None:
    report = report_on(workers, packed(parameters()), name="flax_model.msgpack")
    assert report.results[0].format == "msgpack"
    assert not report.findings
    assert verdict(report) is Action.ALLOW
    assert report.tensors[0].parameters["float32"] == 40 * 300 * 70


def test_over_a_network_no_array_is_read(workers: Workers) -> None:
    data = packed({f"layer {n}": array(numpy.zeros(1 << 20, numpy.int8)) for n in range(3)})
    file = Ranges(data)
    assert workers.examine(file, name="x")[0].gap is None
    assert sum(n for _, n in file.requests) < len(data) // 4


def pickled(path: Path) -> dict[Any, Any]:
    """An array of objects, as msgpack-numpy packs it: with a pickle in it."""
    name = str(path).encode()
    payload = b"cos\nmkdir\n(V" + name + b"\ntR."
    return {b"nd": True, b"type": "|O", b"kind": b"O", b"shape": (1,), b"data": payload}


def test_an_array_of_objects_is_blocked(tmp_path: Path, workers: Workers) -> None:
    for value in ({"params": {"a": pickled(tmp_path)}}, {"a": [1, [pickled(tmp_path)]]}):
        report = report_on(workers, packed(value))
        assert rule_ids(report) == {"msgpack-object-array"}
        assert verdict(report) is Action.BLOCK


def test_its_reader_unpickles_it(tmp_path: Path) -> None:
    """What `msgpack_numpy.decode` does with such a map, in the words of its rule: kind O is given to pickle."""
    path, here = tmp_path / "data", tmp_path / "made"
    path.write_bytes(packed({"a": pickled(here)}))
    code = (
        "import msgpack, pickle, sys\n"
        "hook = lambda m: pickle.loads(m[b'data']) if m.get(b'nd') and m.get(b'kind') == b'O' else m\n"
        "msgpack.unpackb(open(sys.argv[1], 'rb').read(), object_hook=hook, strict_map_key=False)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60, env=dict(os.environ))
    assert here.is_dir()


_ONES = numpy.ones(4, numpy.float32)


@pytest.mark.parametrize(
    "data",
    [
        packed({"a": msgpack.ExtType(77, b"abc")}),
        packed({"a": array(_ONES, dtype="object")}),
        packed({"a": array(_ONES, dtype="float64")}),
        packed({"a": 1}) + b"more",
        b"\x82\xa1a\x01\xa1a\x02",
        packed({"a": array(_ONES)})[:-3],
        b"\x81\xa1a\xdd\xff\xff\xff\xff",
        b"\x81\xa1a" + b"\x91" * 100_000 + b"\x01",
        b"\x81\xa1a\xc1",
        b"\x81\xa1a\xc7\x03\x01\x91\x01\x01",
        b"\x81\xa1a\x81\x92\x01\x02\x03",
    ],
)
def test_what_flax_does_not_write_is_asked_about(data: bytes, workers: Workers) -> None:
    assert verdict(report_on(workers, data)) is Action.ASK
