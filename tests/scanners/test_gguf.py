"""GGUF: what the usual writer makes is allowed, what overruns or fools a reader is not."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.evaluate import evaluate
from safeload.policy.interface import Action
from safeload.policy.presets import STANDARD
from safeload.scanners import engine
from safeload.scanners.interface import How, Report
from safeload.signals.interface import Assessment
from safeload.sources.interface import Role
from tests.builders.ggufs import ARRAY, STRING, U32, chat, gguf, pair, tensor, text
from tests.builders.templates import ESCAPES, ORDINARY, TRIGGERS
from tests.parsers.conftest import Ranges
from tests.scanners.conftest import OnDisk, snapshot_of


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


@pytest.fixture
def judge(workers: Workers) -> Callable[[bytes], Report]:
    def run(data: bytes) -> Report:
        snapshot = snapshot_of("model.gguf", role=Role.WEIGHTS)
        return engine.scan(snapshot, lambda artifact: OnDisk(data), how=How.LOCAL, worker=workers)

    return run


def ids(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


def action(report: Report) -> Action:
    return evaluate(STANDARD, Assessment(report=report, signals=())).action


def written(path: Path, **options: object) -> bytes:
    """What the format's own writer makes."""
    library = pytest.importorskip("gguf")
    numpy = pytest.importorskip("numpy")
    writer = library.GGUFWriter(str(path), "llama", **options)
    writer.add_name("sample")
    writer.add_token_list([f"token {n}" for n in range(1000)])
    writer.add_token_scores([0.5] * 1000)
    writer.add_array("sample.nested", [1, 2, 3])
    writer.add_bool("sample.yes", True)
    writer.add_chat_template(ORDINARY["tools-in-tags"])
    writer.add_tensor("a", numpy.zeros((5, 7), dtype=numpy.float32))
    writer.add_tensor("b", numpy.zeros((3,), dtype=numpy.float16))
    writer.add_tensor("c", numpy.zeros((64, 18 * 4), dtype=numpy.uint8), raw_dtype=library.GGMLQuantizationType.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


@pytest.mark.parametrize("order", ["LITTLE", "BIG"])
def test_an_ordinary_file_is_allowed(order: str, tmp_path: Path, judge: Callable[[bytes], Report]) -> None:
    library = pytest.importorskip("gguf")
    report = judge(written(tmp_path / "made.gguf", endianess=library.GGUFEndian[order]))
    assert not report.findings
    assert action(report) is Action.ALLOW
    assert report.tensors[0].parameters == {"F32": 35, "F16": 3, "Q4_0": 64 * 128}


def test_templates_are_looked_at_wherever_they_stand(judge: Callable[[bytes], Report]) -> None:
    assert "template-escape" in ids(judge(gguf([chat(ESCAPES["cycler"])], [])))
    named = gguf([chat(ORDINARY["channels"]), chat(ESCAPES["cycler"], "tokenizer.chat_template.tool_use")], [])
    assert "template-escape" in ids(judge(named))
    assert "template-trigger" in ids(judge(gguf([chat(TRIGGERS["a-word"][0])], [])))


def test_of_two_templates_both_are_read(judge: Callable[[bytes], Report]) -> None:
    for first, second in (("lipsum", "cycler"), ("cycler", "lipsum")):
        report = judge(gguf([chat(ESCAPES[first]), chat(ORDINARY["channels"]), chat(ESCAPES[second])], []))
        assert {"template-escape", "gguf-ambiguous"} <= ids(report)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (gguf([], [tensor("a", (4,), offset=1 << 40)], bytes(32)), "gguf-overruns"),
        (gguf([], [tensor("a", (1 << 32, 1 << 32))], bytes(32)), "gguf-overruns"),
        (gguf([], [tensor("a", (8,)), tensor("b", (8,))], bytes(64)), "gguf-ambiguous"),
        (gguf([], [tensor("a", (8,)), tensor("a", (8,), offset=32)], bytes(64)), "gguf-ambiguous"),
        (gguf([pair("general.alignment", U32, struct.pack("<I", 3))], []), "gguf-unusual"),
        (gguf([pair("tokenizer.chat_template", U32, struct.pack("<I", 3))], []), "gguf-unusual"),
        (gguf([], [tensor("a", (8,), type=999)], bytes(32)), "gguf-unusual"),
        (gguf([], [tensor("a", (8,))], bytes(32 + 5000)), "gguf-unusual"),
        (gguf([], [tensor("a", (8,)), tensor("b", (8,), offset=4096)], bytes(4096 + 32)), "gguf-unusual"),
    ],
)
def test_what_does_not_fit_is_said(data: bytes, rule: str, judge: Callable[[bytes], Report]) -> None:
    report = judge(data)
    assert rule in ids(report)
    assert action(report) is not Action.ALLOW


_HUGE = struct.pack("<Q", (1 << 64) - 1)


@pytest.mark.parametrize(
    "data",
    [
        gguf([], [], version=1),
        gguf([], [], version=77),
        gguf([], [], count_pairs=1 << 62),
        gguf([], [], count_tensors=1 << 62),
        gguf([_HUGE], [], count_pairs=1),
        gguf([text("k") + struct.pack("<I", STRING) + _HUGE], [], count_pairs=1),
        gguf([pair("k", ARRAY, struct.pack("<I", STRING) + _HUGE)], []),
        gguf([pair("k", ARRAY, struct.pack("<I", 10) + _HUGE)], []),
        gguf([pair("k", ARRAY, struct.pack("<IQ", ARRAY, 1) * 100_000)], []),
        gguf([pair("k", 77, b"")], []),
        gguf([], [text("a") + struct.pack("<I", 1 << 31)], count_tensors=1),
        gguf([chat(ORDINARY["channels"])], [])[:60],
        b"GGUF",
    ],
)
def test_lengths_are_not_believed(data: bytes, judge: Callable[[bytes], Report]) -> None:
    assert action(judge(data)) is Action.ASK


def test_over_a_network_no_tensor_is_read(workers: Workers) -> None:
    tokens = pair("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, 5000) + text("word") * 5000)
    data = gguf([tokens, chat(ORDINARY["channels"])], [tensor("a", (1 << 20,))], bytes(4 << 20))
    file = Ranges(data)
    parts = workers.begin(light=False).examine(file, name="model.gguf")
    assert [part.member for part in parts] == [(), ("tokenizer.chat_template",)]
    assert sum(n for _, n in file.requests) < 300_000
