"""OpenVINO graphs: ordinary layers are allowed, extensions and entities are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from tests.scanners.formats import report_on, rule_ids, verdict


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    started.close()


_PORT = '<output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output>'


def layer(kind: str, *, version: str = "opset1", data: str = "") -> str:
    return f'<layer id="0" name="a {kind}" type="{kind}" version="{version}">{data}{_PORT}</layer>'


def graph(*layers: str, start: str = '<?xml version="1.0"?>') -> bytes:
    edges = '<edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0" /></edges>'
    rest = '<rt_info><Runtime_version value="2024.6" /><conversion_parameters /></rt_info>'
    text = f'{start}<net name="sample" version="11"><layers>{"".join(layers)}</layers>{edges}{rest}</net>'
    return text.encode()


CONSTANT = layer("Const", data='<data element_type="f32" shape="1, 4" offset="0" size="16" />')
ORDINARY = (layer("Parameter"), CONSTANT, layer("MatMul"), layer("Gelu", version="opset7"), layer("Result"))


def test_an_ordinary_graph_is_allowed(workers: Workers) -> None:
    body = f"<body><layers>{layer('Add')}</layers></body>"
    for start in ('<?xml version="1.0"?>\n', '<?xml version="1.0" encoding="UTF-8"?>', ""):
        report = report_on(workers, graph(*ORDINARY, layer("If", data=body), start=start), name="openvino_model.xml")
        assert report.results[0].format == "openvino"
        assert not report.findings
        assert verdict(report) is Action.ALLOW


def test_an_extension_is_asked_about(workers: Workers) -> None:
    for version in ("extension", "custom_opset", "", "opset1\n.x"):
        report = report_on(workers, graph(*ORDINARY, layer("Mine", version=version)))
        assert rule_ids(report) == {"openvino-extension"}
        assert verdict(report) is Action.ASK


def test_one_within_a_body_too(workers: Workers) -> None:
    body = f"<body><layers>{layer('Mine', version='extension')}</layers></body>"
    assert rule_ids(report_on(workers, graph(layer("If", data=body)))) == {"openvino-extension"}


@pytest.mark.parametrize("offset", ["-8", "18446744073709551615", "0x10", "", "1e3"])
def test_a_place_that_is_none_is_blocked(offset: str, workers: Workers) -> None:
    bad = layer("Const", data=f'<data element_type="f32" shape="4" offset="{offset}" size="16" />')
    report = report_on(workers, graph(bad))
    assert rule_ids(report) == {"openvino-odd-place"}
    assert verdict(report) is Action.BLOCK


LAUGHS = '<!DOCTYPE net [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
READS = '<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, READS])
def test_entities_are_blocked(doctype: str, workers: Workers) -> None:
    report = report_on(workers, graph(*ORDINARY, start=f'<?xml version="1.0"?>{doctype}'))
    assert rule_ids(report) == {"openvino-document-type"}
    assert verdict(report) is Action.BLOCK


def test_a_parser_that_follows_entities_grows(tmp_path: Path) -> None:
    path = tmp_path / "graph.xml"
    inner = '<layer id="0" name="&c;" type="Add" version="opset1" />'
    path.write_bytes(graph(inner, start=f'<?xml version="1.0"?>{LAUGHS}'))
    code = "import sys, xml.etree.ElementTree as e; print(e.parse(sys.argv[1]).find('.//layer').get('name'))"
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "ha" * 16


@pytest.mark.parametrize(
    "data", [graph(*ORDINARY)[:-20], graph("<x>" * 5000 + "</x>" * 5000), b"<net><layers><b></net>"]
)
def test_what_is_not_read_is_asked_about(data: bytes, workers: Workers) -> None:
    assert verdict(report_on(workers, data)) is Action.ASK
