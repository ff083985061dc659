"""Raw weights are data where an index that was read accounts for every byte of them, and unknown otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners import engine
from safeload.scanners.interface import How, Report
from safeload.signals.interface import Assessment
from safeload.sources.interface import Artifact, Role, Snapshot
from tests.builders.bundles import blob, block, index
from tests.builders.opcodes import evil
from tests.builders.zips import Member, archive
from tests.scanners.conftest import ORIGIN, OnDisk
from tests.scanners.test_openvino import graph, layer

RAW = b"\xd1\x2e\xbd\x4c" * 16  # 64 bytes of numbers
WHOLE = [("a/w", 0, 0, 48), ("b/w", 0, 48, 16)]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


def looked(workers: Workers, files: Mapping[str, bytes]) -> tuple[Report, Action]:
    artifacts = [Artifact(path=path, size=len(data), role=Role.FOUND) for path, data in files.items()]
    snapshot = Snapshot.of(ORIGIN, artifacts)
    report = engine.scan(snapshot, lambda one: OnDisk(files[one.path]), how=How.LOCAL, worker=workers)
    return report, evaluate(STANDARD, Assessment(report=report), wants_weights=False).action


def constants(*places: tuple[int, int]) -> bytes:
    data = '<data element_type="f32" shape="4" offset="{}" size="{}" />'
    return graph(*(layer("Const", data=data.format(*place)) for place in places))


def saved(*places: tuple[str, int, int, int], raw: bytes = RAW, **more: int | bytes) -> dict[str, bytes]:
    return {
        "variables/variables.index": index(places, **more),  # type: ignore[arg-type]
        "variables/variables.data-00000-of-00001": raw,
    }


ACCOUNTED = {
    "openvino": {"m/model.xml": constants((0, 32), (32, 32)), "m/model.bin": RAW},
    "openvino, one constant used twice": {"model.xml": constants((0, 64), (0, 64)), "model.bin": RAW},
    "tensorflow": saved(*WHOLE),
    "tensorflow, two files": {
        "v.index": index([("a", 0, 0, 64), ("b", 1, 0, 64)], shards=2),
        "v.data-00000-of-00002": RAW,
        "v.data-00001-of-00002": RAW,
    },
    "core ml": {"weights/weight.bin": blob(RAW, RAW[:10], b"", RAW)},
    "core ml, without an array": {"weight.bin": blob(RAW, behind=b"")},
}


@pytest.mark.parametrize("name", ACCOUNTED)
def test_what_is_accounted_for_is_data(name: str, workers: Workers) -> None:
    report, action = looked(workers, ACCOUNTED[name])
    assert action is Action.ALLOW
    assert not report.findings


PICKLE = evil(Path("marker"))
NOT_ACCOUNTED = {
    "no index": {"model.bin": RAW},
    "an index of another name": {"other.xml": constants((0, 64)), "model.bin": RAW},
    "an index in another folder": {"a/model.xml": constants((0, 64)), "b/model.bin": RAW},
    "more bytes than constants": {"model.xml": constants((0, 63)), "model.bin": RAW},
    "fewer bytes than constants": {"model.xml": constants((0, 65)), "model.bin": RAW},
    "bytes before the first constant": {"model.xml": constants((8, 56)), "model.bin": RAW},
    "bytes between constants": {"model.xml": constants((0, 16), (32, 32)), "model.bin": RAW},
    "constants that overlap": {"model.xml": constants((0, 40), (32, 32)), "model.bin": RAW},
    "a graph that was not read whole": {"model.xml": constants((0, 64))[:-8], "model.bin": RAW},
    "tensors that leave a gap": saved(("a", 0, 0, 16), ("b", 0, 32, 32)),
    "tensors that overlap": saved(("a", 0, 0, 40), ("b", 0, 32, 32)),
    "bytes behind the tensors": saved(*WHOLE, raw=RAW + b"\x07more"),
    "a file that the index does not count": {**saved(*WHOLE), "variables/variables.data-00001-of-00001": RAW},
    "an index of more files than it counts": saved(("a", 1, 0, 64)),
    "an index with bytes between its blocks": saved(*WHOLE, behind=b"\x07more"),
    "an index that is cut": {"v.index": index(WHOLE)[:-1], "v.data-00000-of-00001": RAW},
    "an index in no order": {
        "v.index": index(WHOLE).replace(b"a/w", b"c/w"), "v.data-00000-of-00001": RAW,
    },
    "core ml, bytes behind": {"weight.bin": blob(RAW, behind=b"\0" * 32 + b"more")},
    "core ml, a lot of nothing behind": {"weight.bin": blob(RAW, behind=b"\0" * 64)},
    "core ml, bytes between": {"weight.bin": blob(RAW[:10], RAW, between=b"x")},
    "core ml, more than it counts": {"weight.bin": blob(RAW, RAW, count=1)},
    "core ml, fewer than it counts": {"weight.bin": blob(RAW, count=2)},
    "core ml, an array elsewhere": {
        "weight.bin": blob(RAW).replace((128).to_bytes(8, "little"), (129).to_bytes(8, "little")) + b"\0",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_ACCOUNTED)
def test_what_is_not_accounted_for_is_asked_about(name: str, workers: Workers) -> None:
    assert looked(workers, NOT_ACCOUNTED[name])[1] is Action.ASK


@pytest.mark.parametrize("behind", [b"", b"\0" * 7])
def test_a_pickle_is_one_whatever_an_index_says(behind: bytes, workers: Workers) -> None:
    files = {"model.xml": constants((0, len(PICKLE + behind))), "model.bin": PICKLE + behind}
    assert looked(workers, files)[1] is not Action.ALLOW
    files = saved(("a", 0, 0, len(PICKLE + behind)), raw=PICKLE + behind)
    assert looked(workers, files)[1] is not Action.ALLOW
    assert looked(workers, {"weight.bin": PICKLE + blob(RAW)})[1] is not Action.ALLOW


def test_an_index_within_an_archive_says_nothing_about_files_beside_it(workers: Workers) -> None:
    files = {"model.zip": archive([Member(name="model.xml", data=constants((0, 64)))]), "model.bin": RAW}
    assert looked(workers, files)[1] is Action.ASK


def test_a_block_that_is_compressed_is_not_read(workers: Workers) -> None:
    one = block([(b"", b"\x08\x01")])
    data = index(WHOLE)
    at = data.index(b"\1\2\3\4") - 1
    assert one[-5] == data[at] == 0
    report, action = looked(workers, saved(*WHOLE) | {"variables/variables.index": data[:at] + b"\1" + data[at + 1 :]})
    assert action is Action.ASK
    assert not report.findings
