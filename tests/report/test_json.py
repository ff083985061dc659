"""The JSON face: exactly the fields of the contract."""

from __future__ import annotations

import json as stdlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from safeload.errors import NotFound, SafeloadError
from safeload.policy.interface import Action
from safeload.report import json
from safeload.scanners.interface import Confidence, Severity
from safeload.signals.interface import Dimension, Outcome
from tests.report import samples
from tests.report.golden import agrees

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "safeload.review-1.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = stdlib.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_review_fits_the_schema(name: str, schema: dict[str, Any]) -> None:
    line = json.line(json.review_object(samples.SAMPLES[name]()))
    jsonschema.validate(stdlib.loads(line), schema)


def test_an_error_fits_the_schema(schema: dict[str, Any]) -> None:
    value = json.error_object("no/such", NotFound("There is no no/such.", next="Check the name."))
    jsonschema.validate(stdlib.loads(json.line(value)), schema)
    assert value["action"] == "error"
    assert value["error"] == {"code": "not-found", "message": "There is no no/such.", "next": "Check the name."}


def test_every_code_of_an_error_fits_the_schema(schema: dict[str, Any]) -> None:
    def family(kind: type[SafeloadError]) -> list[type[SafeloadError]]:
        return [kind, *(d for child in kind.__subclasses__() for d in family(child))]

    for kind in family(SafeloadError):
        jsonschema.validate(json.error_object("x", kind("It failed.")), schema)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_golden(name: str) -> None:
    agrees(f"{name}.json", json.line(json.review_object(samples.SAMPLES[name]())) + "\n")


def test_the_fields_are_the_contract_s_and_no_others() -> None:
    value = json.review_object(samples.blocked())
    assert list(value) == ["schema", "target", "snapshot", "action", "reasons", "results", "signals", "engine", "error"]
    assert list(value["snapshot"]) == ["origin", "revision", "digest"]
    assert list(value["reasons"][0]) == ["clause", "action", "text", "because"]
    assert list(value["results"][0]) == ["path", "member", "format", "status", "reason", "detail", "findings"]
    finding = value["results"][0]["findings"][0]
    assert list(finding) == ["rule", "severity", "confidence", "message", "evidence", "offset"]
    assert list(value["signals"][0]) == ["id", "dimension", "outcome", "summary", "evidence"]
    assert set(json.error_object("x", NotFound("m"))) == set(value)


def test_what_is_not_installed_is_said_and_fits_the_schema(schema: dict[str, Any]) -> None:
    review = samples.lacking(samples.asked(), "pyfive", "zstandard")
    value = json.review_object(review)
    jsonschema.validate(value, schema)
    assert value["engine"] == {"version": "0.1.0", "python": "3.11.7", "missing_extras": ["pyfive", "zstandard"]}


def test_the_schema_s_enums_are_the_code_s(schema: dict[str, Any]) -> None:
    defs = schema["$defs"]
    assert schema["properties"]["action"]["enum"] == [*(a.value for a in Action), "error"]
    assert defs["reason"]["properties"]["action"]["enum"] == [a.value for a in Action]
    assert defs["finding"]["properties"]["severity"]["enum"] == [s.value for s in Severity]
    assert defs["finding"]["properties"]["confidence"]["enum"] == [c.value for c in Confidence]
    assert defs["signal"]["properties"]["dimension"]["enum"] == [d.value for d in Dimension]
    assert defs["signal"]["properties"]["outcome"]["enum"] == [o.value for o in Outcome]


def test_a_line_is_one_line_of_ascii_that_any_reader_accepts() -> None:
    line = json.line(json.review_object(samples.hostile()))
    assert line.isascii()
    assert line.isprintable()
    assert "\\udcff" in stdlib.loads(line)["target"]  # a lone surrogate arrives as text: not every reader takes one
    stdlib.dumps(stdlib.loads(line), ensure_ascii=False).encode("utf-8")
