"""ONNX: files elsewhere, operators that nobody has, programs inside. CVE-2022-25882, CVE-2024-27318, CVE-2024-5187."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.parsers.sandbox.process import Worker
from safeload.scanners import engine
from safeload.scanners.interface import How, Report, Result, Scanned, Unscanned
from safeload.sources.interface import Role
from tests.builders.protobufs import field, onnx_external, onnx_model, onnx_node
from tests.parsers.conftest import Ranges
from tests.scanners.conftest import OnDisk, ids, snapshot_of

Look = Callable[..., Report]


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def test_without_us_a_model_reads_a_file_outside_its_folder(tmp_path: Path) -> None:
    """The runtime's own reader of external data follows the path that a model names, when it is told the folder."""
    onnx = pytest.importorskip("onnx")
    (tmp_path / "secret").write_bytes(b"\0\0\x80?")
    (tmp_path / "models").mkdir()
    model = onnx.load_from_string(onnx_model(onnx_node("Relu"), more=onnx_external("../secret")))
    entry = model.graph.initializer[0].external_data[0]
    assert (tmp_path / "models" / entry.value).read_bytes() == b"\0\0\x80?"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "C:\\secret",
        "..\\secret",
        "\\\\host\\share",
        "https://host/weights",
        "file:///etc/passwd",
        "~/.ssh/id_rsa",
        "a//b",
        "a/./../b",
        "weights\0.bin",
        "*/_ORT_MEM_ADDR_/*",
        "",
    ],
)
def test_a_file_outside_the_folder_is_found(path: str, look: Look) -> None:
    report = look(onnx_model(onnx_node("Relu"), more=onnx_external(path)), name="model.onnx")
    assert ids(report.findings) == ["onnx-external-path"]


def folder(worker: Worker, **files: bytes) -> dict[str, Result]:
    held = {name.replace("_", ".", 1): data for name, data in files.items()}
    held = {f"onnx/{name}": data for name, data in held.items()}
    snapshot = snapshot_of(*held, role=Role.FOUND)
    report = engine.scan(snapshot, lambda a: OnDisk(held[a.path]), how=How.LOCAL, worker=worker)
    return {result.location.artifact: result for result in report.results}


def test_numbers_that_a_model_names_are_its_weights(worker: Worker) -> None:
    """Raw numbers have no format: they are what a model beside them says, unless they are something else as well."""
    model = onnx_model(onnx_node("Relu"), more=onnx_external("./m.data"))
    numbers = bytes(range(200, 256)) * 9
    assert isinstance(folder(worker, m_data=numbers)["onnx/m.data"], Unscanned)
    assert isinstance(folder(worker, m_onnx=model, m_data=numbers)["onnx/m.data"], Scanned)
    assert isinstance(folder(worker, m_onnx=model, n_data=numbers)["onnx/n.data"], Unscanned)
    evil = folder(worker, m_onnx=model, m_data=b"cposix\nsystem\n(S'true'\ntR.")["onnx/m.data"]
    assert [finding.rule.id for finding in evil.findings] == ["pickle-dangerous-call"]


@pytest.mark.parametrize("path", ["model.onnx_data", "./model.onnx.data", "weights/layer.0-1.bin", "größe.bin"])
def test_weights_beside_the_model_are_ordinary(path: str, look: Look) -> None:
    assert is_clean(look(onnx_model(onnx_node("Relu"), more=onnx_external(path)), name="model.onnx"))


def test_a_path_is_found_at_every_place_where_a_tensor_can_stand(look: Look) -> None:
    tensor = field(13, field(1, "location") + field(2, "/etc/passwd"))
    constant = field(5, field(1, "value") + field(5, tensor) + field(20, 4))
    branch = field(5, field(1, "then_branch") + field(6, field(1, onnx_node("Constant", attributes=constant))))
    sparse = field(15, field(1, tensor))
    function = field(25, field(1, "f") + field(7, onnx_node("Constant", attributes=constant)) + field(10, "own"))
    training = field(20, field(1, field(5, tensor)))
    twice = field(13, field(1, "location") + field(2, "w")) + tensor
    for model in (
        onnx_model(onnx_node("Constant", attributes=constant)),
        onnx_model(onnx_node("If", attributes=branch)),
        onnx_model(more=sparse),
        onnx_model(behind=function),
        onnx_model(behind=training),
        onnx_model(more=field(5, twice)),
        onnx_model() + onnx_model(more=field(5, tensor))[2:],  # the second graph is merged into the first
    ):
        assert ids(look(model).findings) == ["onnx-external-path"]


def test_an_operator_that_nobody_has_is_a_question(look: Look) -> None:
    report = look(onnx_model(onnx_node("Relu"), onnx_node("Launch", domain="my.library")))
    assert ids(report.findings) == ["onnx-unknown-operator"]
    assert "my.library:Launch" in report.findings[0].message
    assert ids(look(onnx_model(onnx_node("Relu", domain="my.library"))).findings) == ["onnx-unknown-operator"]


@pytest.mark.parametrize(
    ("op", "domain"),
    [("PythonOp", "com.microsoft"), ("EPContext", "com.microsoft"), ("ATen", "org.pytorch.aten")],
)
def test_an_operator_that_runs_something_else_is_found(op: str, domain: str, look: Look) -> None:
    assert ids(look(onnx_model(onnx_node(op, domain=domain))).findings) == ["onnx-runs-code"]


def test_a_model_may_bring_functions_made_of_known_operators(look: Look) -> None:
    function = field(25, field(1, "Twice") + field(7, onnx_node("Add")) + field(10, "my.library"))
    assert is_clean(look(onnx_model(onnx_node("Twice", domain="my.library"), behind=function)))
    function = field(25, field(1, "Twice") + field(7, onnx_node("PythonOp", domain="com.microsoft")) + field(10, "own"))
    assert ids(look(onnx_model(onnx_node("Twice", domain="own"), behind=function)).findings) == ["onnx-runs-code"]


def test_a_real_model_is_clean(look: Look, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    numpy = pytest.importorskip("numpy")
    helper = onnx.helper
    weights = onnx.numpy_helper.from_array(numpy.ones((64, 64), "float32"), "w")
    body = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["b"])], "then", [], [helper.make_tensor_value_info("b", 1, None)]
    )
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Constant", [], ["c"], value=onnx.numpy_helper.from_array(numpy.array(True))),
        helper.make_node("If", ["c"], ["b"], then_branch=body, else_branch=body),
        helper.make_node("Gelu", ["h"], ["g"], domain="com.microsoft"),
        helper.make_node("Scaler", ["g"], ["y"], domain="ai.onnx.ml", scale=[1.0], offset=[0.0]),
    ]
    info = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [info("x", 1, [1, 64])], [info("y", 1, [1, 64])], [weights])
    model = helper.make_model(graph, producer_name="test")
    assert is_clean(look(model.SerializeToString(), name="model.onnx"))
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    report = look((tmp_path / "m.onnx").read_bytes(), name="m.onnx")
    assert is_clean(report)


def test_over_a_network_the_bytes_of_tensors_are_not_asked_for(worker: Worker) -> None:
    big = field(5, field(1, 1) + field(2, 1) + field(9, bytes(8_000_000)))
    data = onnx_model(onnx_node("Launch", domain="own"), more=big * 4)

    class Closing(Ranges):
        def close(self) -> None:
            pass

    source = Closing(data)
    report = engine.scan(snapshot_of("m.onnx"), lambda artifact: source, how=How.RANGES, worker=worker)
    assert ids(report.findings) == ["onnx-unknown-operator"]
    assert sum(n for _, n in source.requests) < 1_000_000


def test_a_model_that_is_broken_is_a_gap_with_what_was_seen(look: Look) -> None:
    sick = onnx_model(onnx_node("Launch", domain="own"), onnx_node("Relu") + b"\x22\x7f")
    result = look(sick).results[0]
    assert isinstance(result, Unscanned)
    assert result.reason.value == "malformed"
    assert ids(result.findings) == ["onnx-unknown-operator"]


@pytest.mark.parametrize("number", [4, 7])
def test_a_name_that_stands_twice_is_a_gap(number: int, look: Look) -> None:
    node = onnx_node("Relu", domain="ai.onnx") + field(number, "Launch")
    assert any(isinstance(result, Unscanned) for result in look(onnx_model(node)).results)


def test_graphs_without_end_are_a_gap(look: Look) -> None:
    attribute = b""
    for _ in range(120):
        attribute = field(5, field(1, "body") + field(6, field(1, onnx_node("Loop", attributes=attribute))))
    result = look(onnx_model(onnx_node("Loop", attributes=attribute))).results[0]
    assert isinstance(result, Unscanned) and result.reason.value == "limit"
