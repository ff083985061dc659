"""D 34, F 45: ONNX in onnxruntime and OpenVINO, and OpenVINO's own graphs: files elsewhere, operators of a library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.protobufs import field, onnx_model, onnx_node
from tests.bypasses import native
from tests.bypasses.runtimes import Runtime, judged, runtime

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]
SECRET = "12345678"


@pytest.fixture(params=["onnxruntime", "openvino"])
def reader(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    yield runtime(request.param, "onnx_graphs")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def value(name: str) -> bytes:
    """A vector of two floats."""
    shape = field(1, field(1, 2))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def add(location: str) -> bytes:
    """x + w, with w in another file."""
    where = b"".join(
        field(13, field(1, key) + field(2, text)) for key, text in (("location", location), ("length", "8"))
    )
    weights = field(5, field(1, 2) + field(2, 1) + field(8, "w") + where + field(14, 1))
    node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Add")
    return onnx_model(node, more=weights + field(11, value("x")) + field(12, value("y")))


def test_weights_beside_the_model_are_read(reader: Runtime, folder: Path) -> None:
    (folder / "w").write_text("abcdefgh")
    (folder / "m.onnx").write_bytes(add("w"))
    assert reader.run("use", folder, "m.onnx").value == "abcdefgh"


@pytest.mark.parametrize("way", ["parent", "absolute", "link", "folder link"])
def test_the_runtimes_themselves_refuse_weights_outside_of_the_folder(way: str, reader: Runtime, folder: Path) -> None:
    """As of these releases. onnx itself and releases before them follow it: `scanners/test_onnx.py`."""
    (folder / "link").symlink_to("../secret")
    (folder / "up").symlink_to("..")
    ways = {
        "parent": "../secret",
        "absolute": str(folder.parent / "secret"),
        "link": "link",
        "folder link": "up/secret",
    }
    (folder / "m.onnx").write_bytes(add(ways[way]))
    assert judged(folder)[0] != "allow"
    said = str(reader.run("use", folder, "m.onnx").value)
    assert "refused" in said and SECRET not in said
    assert any(words in said for words in ("escapes", "outside the base directory", "Absolute path")), said


def test_a_hard_link_is_read_by_the_runtimes(reader: Runtime, folder: Path) -> None:
    """No repository can hold one: the bytes are the model's own then, and have a digest."""
    os.link(folder.parent / "secret", folder / "w")
    (folder / "m.onnx").write_bytes(add("w"))
    assert reader.run("use", folder, "m.onnx").value == SECRET


def test_an_operator_that_nobody_has_is_refused(reader: Runtime, folder: Path) -> None:
    model = onnx_model(
        onnx_node("Mine", domain="evil"),
        more=field(11, value("x")) + field(12, value("y")),
        behind=field(8, field(1, "evil") + field(2, 1)),
    )
    (folder / "m.onnx").write_bytes(model)
    verdict, rules = judged(folder)
    assert verdict != "allow" and "onnx-unknown-operator" in rules
    assert "refused" in str(reader.run("use", folder, "m.onnx").value)


def test_the_library_that_brings_an_operator_runs_when_it_is_registered(
    reader: Runtime, folder: Path, marker: Path
) -> None:
    """A model alone does not have it loaded; its instructions may say to."""
    native.library(folder / "libmine.so", marker)
    verdict, rules = judged(folder)
    assert verdict != "allow" and "native-code" in rules
    ended = reader.run("library", folder, "libmine.so")
    assert marker.exists(), ended


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Runtime, Path]:
    openvino = runtime("openvino", "onnx_graphs")
    folder = tmp_path_factory.mktemp("graphs")
    (folder / "secret").write_text(SECRET)
    return openvino, openvino.made(folder)


def test_an_ordinary_graph(graphs: tuple[Runtime, Path]) -> None:
    openvino, folder = graphs
    assert openvino.run("graph", folder, "plain.xml").value == [[[1.0] * 4], "sample"]
    assert not judged(folder / "plain.xml")[1]


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("negative", "openvino-odd-place", "not an unsigned 64 bit integer"),
        ("wraps", "openvino-odd-place", "stoll"),
        ("extension", "openvino-extension", "unsupported opset"),
    ],
)
def test_openvino_itself_refuses(name: str, rule: str, words: str, graphs: tuple[Runtime, Path]) -> None:
    openvino, folder = graphs
    verdict, rules = judged(folder / f"{name}.xml")
    assert verdict != "allow" and rules == {rule}
    assert words in str(openvino.run("graph", folder, f"{name}.xml").value)


def test_openvino_itself_does_not_follow_entities(graphs: tuple[Runtime, Path]) -> None:
    openvino, folder = graphs
    assert judged(folder / "entity.xml") == ("block", {"openvino-document-type"})
    assert openvino.run("graph", folder, "entity.xml").value == [[[1.0] * 4], "&a;"]
