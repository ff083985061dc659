"""The engine: every artifact becomes a result, and every failure a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from safeload.errors import AccessDenied, Changed, NotFound, Unreachable
from safeload.parsers.codefacts import CodeFacts
from safeload.parsers.facts import (
    ArchiveFacts,
    Gap,
    GapReason,
    Part,
    PickleFacts,
    PickleRole,
    Stream,
    TensorFacts,
    TextFacts,
)
from safeload.scanners import engine
from safeload.scanners.interface import How, Report, Scanned, Unscanned
from safeload.sources.interface import Artifact, Role

from .conftest import Bytes, OnDisk, Says, ids, snapshot_of, use

STREAM = Stream(offset=0, length=3, sha256="0" * 64)
EVIL = PickleFacts(reading="pickle", uses=(use("os", "system"),), streams=(STREAM,))


def scanned(*parts: Part, path: str = "model.bin", role: Role = Role.WEIGHTS, data: bytes = b"") -> Report:
    worker = Says({path: parts})
    return engine.scan(snapshot_of(path, role=role), lambda artifact: OnDisk(data), how=How.LOCAL, worker=worker)


def opening(opener: Callable[[Artifact], Any], how: How = How.RANGES) -> Report:
    worker = Says({"model.bin": (Part(format="pickle", pickle=EVIL),)})
    return engine.scan(snapshot_of("model.bin"), opener, how=how, worker=worker)


def raising(error: BaseException) -> Callable[[Artifact], Any]:
    def opener(artifact: Artifact) -> Any:
        raise error

    return opener


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotFound("gone"), GapReason.MISSING),
        (Unreachable("down"), GapReason.UNREACHABLE),
        (AccessDenied("no"), GapReason.UNREACHABLE),
        (Changed("moved"), GapReason.UNREACHABLE),
        (FileNotFoundError("x"), GapReason.MISSING),
        (PermissionError(13, "Permission denied"), GapReason.UNREADABLE),
        (RuntimeError("bug"), GapReason.CRASHED),
        (RecursionError(), GapReason.LIMIT),
        (MemoryError(), GapReason.LIMIT),
    ],
)
def test_what_cannot_be_opened_is_a_gap(error: Exception, reason: GapReason) -> None:
    (result,) = opening(raising(error)).results
    assert isinstance(result, Unscanned)
    assert result.reason is reason


def test_a_local_file_that_changed_stops_the_scan() -> None:
    with pytest.raises(Changed):
        opening(raising(Changed("moved")), How.LOCAL)


def test_a_local_scan_needs_a_local_file() -> None:
    """Over a network not every member of an archive is read: such a report must not become a grant."""
    (result,) = opening(lambda artifact: Bytes(b""), How.LOCAL).results
    assert isinstance(result, Unscanned)
    assert result.reason is GapReason.UNREADABLE


def test_ctrl_c_is_no_gap() -> None:
    with pytest.raises(KeyboardInterrupt):
        opening(raising(KeyboardInterrupt()))


def test_a_worker_that_fails_or_says_nothing_is_a_gap() -> None:
    class Broken:
        def announce(self, readable: object, /, *, purpose: str = "") -> None:
            pass

        def examine(self, readable: object, /, *, name: str, purpose: str = "") -> tuple[Part, ...]:
            raise ValueError("bug\x1b")

    report = engine.scan(snapshot_of("a"), lambda artifact: OnDisk(b""), how=How.LOCAL, worker=Broken())
    assert report.results[0].reason is GapReason.CRASHED  # type: ignore[union-attr]
    assert "\x1b" not in report.results[0].detail  # type: ignore[union-attr]
    assert isinstance(scanned().results[0], Unscanned)


def test_one_bad_file_leaves_the_others() -> None:
    worker = Says({"b": (Part(format="pickle", pickle=EVIL),)})
    report = engine.scan(snapshot_of("a", "b"), lambda artifact: OnDisk(b""), how=How.LOCAL, worker=worker)
    assert isinstance(report.results[0], Unscanned)
    assert ids(report.findings) == ["pickle-dangerous-call"]


def test_files_are_closed() -> None:
    opened: list[Bytes] = []

    def opener(artifact: Artifact) -> Bytes:
        opened.append(Bytes(b""))
        return opened[-1]

    opening(opener)
    assert opened[0].closed


def test_findings_and_streams_stand_beside_a_gap() -> None:
    gap = Gap(reason=GapReason.MALFORMED, detail="cut\u202e short")
    (result,) = scanned(Part(format="pickle", pickle=EVIL, gap=gap)).results
    assert isinstance(result, Unscanned)
    assert ids(result.findings) == ["pickle-dangerous-call"]
    assert result.streams == (STREAM,)
    assert "\u202e" not in result.detail


def test_members_have_results_of_their_own() -> None:
    parts = (
        Part(format="torch-zip", archive=ArchiveFacts(members=1)),
        Part(member=("a/data.pkl",), format="pickle", pickle=EVIL),
    )
    results = scanned(*parts).results
    assert [r.location.member for r in results] == [(), ("a/data.pkl",)]
    assert [ids(r.findings) for r in results] == [[], ["pickle-dangerous-call"]]


def test_a_format_that_no_scanner_handles_is_a_gap() -> None:
    (result,) = scanned(Part(format="sqlite")).results
    assert isinstance(result, Unscanned)
    assert result.reason is GapReason.UNKNOWN_FORMAT


TEXT = Part(format="text", text=TextFacts(lines=1))
JSON = Part(format="json", text=TextFacts(json=True, lines=1))
EMPTY = Part(format="empty", gap=Gap(reason=GapReason.EMPTY))


@pytest.mark.parametrize("role", [Role.CONFIG, Role.TOKENIZER, Role.TEMPLATE, Role.BESIDE])
@pytest.mark.parametrize("part", [TEXT, JSON, EMPTY])
def test_text_that_is_read_as_text_is_inert(role: Role, part: Part) -> None:
    report = scanned(part, path="a.json", role=role, data=b"{}")
    assert isinstance(report.results[0], Scanned)
    assert report.findings == ()


@pytest.mark.parametrize("role", [Role.WEIGHTS, Role.TARGET])
def test_text_where_weights_were_expected_is_a_gap(role: Role) -> None:
    (result,) = scanned(TEXT, path="a.bin", role=role).results
    assert isinstance(result, Unscanned)
    assert result.reason is GapReason.UNKNOWN_FORMAT


def test_an_empty_weights_file_stays_a_gap() -> None:
    assert scanned(EMPTY).results[0].reason is GapReason.EMPTY  # type: ignore[union-attr]


def test_code_is_a_finding_with_its_imports() -> None:
    part = Part(format="text", text=TextFacts(lines=1), code=CodeFacts(python="3", imports=(".other", "os", "torch")))
    report = scanned(part, path="modeling_x.py", role=Role.CODE)
    assert ids(report.findings) == ["remote-code"]
    assert report.findings[0].message == "Loading runs the Python file modeling_x.py of this repository."
    assert report.findings[0].evidence == ("imports: .other, os, torch",)


def test_an_empty_file_of_code_is_still_code() -> None:
    report = scanned(EMPTY, path="__init__.py", role=Role.CODE)
    assert isinstance(report.results[0], Scanned)
    assert ids(report.findings) == ["remote-code"]


def test_code_that_is_no_text_is_a_gap_and_a_finding() -> None:
    gap = Gap(reason=GapReason.UNKNOWN_FORMAT)
    report = scanned(Part(format="elf", gap=gap), path="m.py", role=Role.CODE)
    assert isinstance(report.results[0], Unscanned)
    assert "remote-code" in ids(report.findings)


def test_configuration_that_is_too_deep_is_a_gap() -> None:
    part = Part(format="text", text=TextFacts(anomalies=("too-deep",)))
    report = scanned(part, path="config.json", role=Role.CONFIG)
    assert report.results[0].reason is GapReason.LIMIT  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("path", "form", "rule"),
    [("w.safetensors", "pickle", "extension-disguise"), ("w.json", "torch-zip", "extension-disguise"),
     ("w.pkl", "safetensors", "extension-mismatch"), ("w.bin", "pickle", None), ("w", "pickle", None),
     ("W.PKL", "pickle", None)],
)  # fmt: skip
def test_a_name_that_contradicts_the_content(path: str, form: str, rule: str | None) -> None:
    report = scanned(Part(format=form, pickle=PickleFacts(reading="pickle")), path=path)
    assert ids(report.findings) == ([rule] if rule else [])


def test_a_second_risky_reading_is_a_polyglot() -> None:
    part = Part(format="safetensors", also=("pickle",), tensors=TensorFacts(tensors=1))
    assert ids(scanned(part).findings) == ["polyglot"]
    assert scanned(Part(format="safetensors", also=("text",), tensors=TensorFacts(tensors=1))).findings == ()


def test_anomalies_of_archives_and_headers() -> None:
    archive = ArchiveFacts(
        members=2, anomalies=("duplicate-member: data.pkl", "prefix-data: 4 bytes", "something-new: x")
    )
    report = scanned(Part(format="torch-zip", archive=archive))
    assert ids(report.findings) == ["archive-ambiguous", "archive-duplicate-member", "archive-unusual"]
    tensors = TensorFacts(tensors=1, anomalies=("hole: 4 bytes",))
    assert ids(scanned(Part(format="safetensors", tensors=tensors)).findings) == ["safetensors-malformed-header"]


def test_tensors_reach_the_report() -> None:
    tensors = TensorFacts(tensors=2, parameters={"F32": 10})
    report = scanned(Part(format="safetensors", tensors=tensors), path="w.safetensors")
    assert report.tensors[0].parameters == {"F32": 10}
    assert report.findings == ()


def test_roles_of_uses_reach_the_scanner() -> None:
    facts = PickleFacts(reading="pickle", uses=(use("a", "B", PickleRole.REFERENCED),))
    assert ids(scanned(Part(format="pickle", pickle=facts)).findings) == ["pickle-unknown-name"]


def test_a_report_says_which_libraries_it_was_made_without(monkeypatch: pytest.MonkeyPatch) -> None:
    from safeload.parsers import external

    def installed(name: str) -> object | None:
        return None if name in ("yaml", "zstandard") else object()

    monkeypatch.setattr(external, "_spec", installed)
    assert scanned(Part(format="pickle", pickle=EVIL)).engine.missing_extras == ("pyyaml", "zstandard")
    monkeypatch.setattr(external, "_spec", lambda name: object())
    assert scanned(Part(format="pickle", pickle=EVIL)).engine.missing_extras == ()
