"""ZIP files that one reader takes for one thing, torch for another; the oracle is torch itself."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.builders.zips import Member, archive
from tests.parsers.conftest import Examine, Runs, anomalies, gaps, names

CLEAN = b"\x80\x02}q\x00."


def _cases(marker: Path) -> dict[str, bytes]:
    bad = op.evil(marker)
    return {
        "plain": torch_zip(bad),
        "crc": torch_zip(bad, crc=1),
        "local-name": torch_zip(bad, local_name="archive/innocent.t"),
        "local-encrypted": torch_zip(bad, local_flags=1),
        "deflated": torch_zip(bad, method=8),
        "case": archive([Member(name="archive/DATA.PKL", data=bad), Member(name="archive/version", data=b"3\n")]),
        "duplicate-first": torch_zip(CLEAN, first=(Member(name="archive/data.pkl", data=bad),)),
        "duplicate-last": torch_zip(CLEAN, extra=(Member(name="archive/data.pkl", data=bad),)),
        "case-variant": torch_zip(CLEAN, first=(Member(name="archive/Data.pkl", data=bad),)),
    }


EXPECTED = {
    "plain": "",
    "crc": "crc-differs",
    "local-name": "local-name-differs",
    "local-encrypted": "encrypted-locally",
    "deflated": "",
    "case": "",
    "duplicate-first": "duplicate-member",
    "duplicate-last": "duplicate-member",
    "case-variant": "case-variant",
}


@pytest.fixture(scope="module")
def torch_runs(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Which cases torch runs, told by their markers; one process for all of them."""
    folder = tmp_path_factory.mktemp("torch")
    for case in EXPECTED:
        (folder / f"{case}.pt").write_bytes(_cases(folder / f"{case}.marker")[case])
    code = (
        "import pathlib, torch\n"
        f"for path in pathlib.Path({str(folder)!r}).glob('*.pt'):\n"
        "    try: torch.load(path, weights_only=False)\n"
        "    except Exception: pass\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True)
    return {case for case in EXPECTED if (folder / f"{case}.marker").exists()}


@pytest.mark.parametrize("case", EXPECTED)
def test_what_torch_would_run_is_named(case: str, examine: Examine, torch_runs: set[str], tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    parts = examine(_cases(marker)[case])
    assert not marker.exists()
    assert "builtins.open" in names(parts)
    assert EXPECTED[case] in " ".join(anomalies(parts))


def test_torch_does_run_them(torch_runs: set[str]) -> None:
    """The twin. Which of two equal names torch reads has changed between versions, so one of each is enough."""
    assert {"plain", "crc", "local-name", "deflated", "case"} <= torch_runs
    assert torch_runs & {"duplicate-first", "duplicate-last"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (torch_zip(CLEAN, flags=1), "encrypted-member"),
        (torch_zip(CLEAN, extra=(Member(name="archive/x", data=b"x", method=14),)), "compression-method"),
        (torch_zip(CLEAN, extra=(Member(name="../../x", data=b"x"),)), "path-outside"),
        (torch_zip(CLEAN, extra=(Member(name="a\x1b[2J", data=b"x"),)), "unsafe-name"),
        (torch_zip(CLEAN, extra=(Member(name="other/data.pkl", data=CLEAN),)), "several-data-pkl"),
        (archive([Member(name="a/data.pkl", data=CLEAN)], prefix=b"#!/bin/sh\n"), "prefix-data"),
        (torch_zip(CLEAN) + b"behind", "data-behind-the-end"),
    ],
)
def test_disagreements_are_anomalies(content: bytes, code: str, examine: Examine) -> None:
    assert code in " ".join(anomalies(examine(content)))


def test_overlapping_members_are_an_anomaly(examine: Examine) -> None:
    content = bytearray(torch_zip(CLEAN, extra=(Member(name="archive/data/0", data=b"\0" * 64),)))
    at = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 42, 0)  # the last entry starts where the first one does
    assert "overlapping-members" in " ".join(anomalies(examine(bytes(content))))


@pytest.mark.parametrize("name", ["archive/data/0", "archive/notes.txt", "archive/weights", "archive/x.PKL", "x.json"])
def test_a_pickle_under_any_name_is_run(name: str, examine: Examine, tmp_path: Path) -> None:
    bad = op.evil(tmp_path / "marker")
    parts = examine(torch_zip(CLEAN, extra=(Member(name=name, data=bad),)))
    assert "builtins.open" in names(parts)
    zero = b"cbuiltins\nopen\n(V/nowhere\nVw\ntR."
    if not name.startswith("archive/data/"):
        assert "builtins.open" in names(examine(torch_zip(CLEAN, extra=(Member(name=name, data=zero),))))


def test_numbers_that_start_like_a_pickle_are_not_one(examine: Examine) -> None:
    parts = examine(torch_zip(CLEAN, extra=(Member(name="archive/data/0", data=b"\x80\x02\x00\x3f" * 8),)))
    assert gaps(parts) == set()
    assert [part.member for part in parts] == [(), ("archive/data.pkl",)]


def test_an_archive_within_an_archive_is_read(examine: Examine, tmp_path: Path) -> None:
    inner = torch_zip(op.evil(tmp_path / "m"))
    parts = examine(torch_zip(CLEAN, extra=(Member(name="archive/inner", data=inner),)))
    assert not gaps(parts)
    assert "builtins.open" in names(parts)
    assert [part.member for part in parts][-1] == ("archive/inner", "archive/data.pkl")


def test_the_pickles_of_other_archives_are_read(examine: Examine, tmp_path: Path) -> None:
    bad = op.evil(tmp_path / "m")
    script = examine(torch_zip(CLEAN, extra=(Member(name="archive/constants.pkl", data=bad),)))
    assert script[0].format == "torchscript"
    other = examine(archive([Member(name="weights.bin", data=bad)]))
    assert other[0].format == "zip"
    for parts in (script, other):
        assert "builtins.open" in names(parts)


def test_a_bomb_is_a_limit(examine: Examine) -> None:
    small = Member(name="archive/data.pkl", data=b"\0" * (64 << 20), method=8)
    lying = torch_zip(b"", packed=b"\x03\x00")
    assert gaps(examine(archive([small]))) >= {"malformed"}  # unpacked under the cap, and not a pickle
    content = bytearray(lying)
    at = content.rfind(b"archive/data.pkl") - 46
    struct.pack_into("<I", content, at + 24, 0xFFFFFFF0)
    struct.pack_into("<H", content, at + 10, 8)
    assert gaps(examine(bytes(content))) == {"limit"}


@pytest.mark.parametrize("cut", [1, 10, 30, 60, 200])
def test_a_cut_archive_is_a_gap(cut: int, examine: Examine) -> None:
    content = torch_zip(CLEAN, extra=(Member(name="archive/data/0", data=b"\0" * 400),))
    assert gaps(examine(content[:-cut])) - {"empty"}


def test_a_zip64_archive_is_read(examine: Examine, tmp_path: Path) -> None:
    path = tmp_path / "wide.zip"
    with zipfile.ZipFile(path, "w") as made, made.open("archive/data.pkl", "w", force_zip64=True) as member:
        member.write(op.evil(tmp_path / "marker"))
    assert "builtins.open" in names(examine(path.read_bytes()))


def test_a_polyglot_is_read_both_ways(examine: Examine, tmp_path: Path) -> None:
    """A pickle at the start, a ZIP from the end: `pickle.load` and `zipfile` see different files."""
    content = op.evil(tmp_path / "marker") + torch_zip(CLEAN)
    parts = examine(content)
    assert {part.format for part in parts} >= {"pickle", "torch-zip"}
    assert "builtins.open" in names(parts)
    assert "directory-displaced" in " ".join(anomalies(parts))


def test_a_stored_archive_near_the_end_is_no_second_end(examine: Examine) -> None:
    inner = Member(name="archive/inner.zip", data=torch_zip(CLEAN))
    assert anomalies(examine(torch_zip(CLEAN, extra=(inner,)))) == ()


def test_an_end_record_in_a_comment_is_said(examine: Examine) -> None:
    for comment in (b"PK\x05\x06", b"x" * 30 + b"PK\x05\x06" + bytes(18)):
        parts = examine(archive([Member(name="archive/data.pkl", data=CLEAN)], comment=comment))
        assert "several-end-records" in anomalies(parts) or gaps(parts)


@pytest.mark.parametrize("name", ["archive/data/0", "archive/version", "archive/byteorder"])
@pytest.mark.parametrize("protocol", [0, 2])
def test_a_pickle_among_the_numbers_is_run(
    name: str, protocol: int, examine: Examine, real_load: Runs, tmp_path: Path
) -> None:
    """`torch.load(path, pickle_file=...)` unpickles any member."""
    marker = tmp_path / "marker"
    bad = op.evil(marker) if protocol else b"cbuiltins\nopen\n(V" + str(marker).encode() + b"\nVw\ntR."
    members = [Member(name="archive/data.pkl", data=CLEAN), Member(name=name, data=bad)]
    members += [Member(name="archive/byteorder", data=b"little")] if name != "archive/byteorder" else []
    members += [Member(name="archive/version", data=b"3\n")] if name != "archive/version" else []
    content = archive(members)
    assert "builtins.open" in names(examine(content))
    if name == "archive/data/0":
        real_load(f"import torch; torch.load(path, weights_only=False, pickle_file={name[8:]!r})", content)
        assert marker.exists()


@pytest.mark.parametrize("method", [0, 8])
def test_a_member_that_is_encrypted_is_a_gap_and_no_more(method: int, examine: Examine) -> None:
    """Bytes that nobody can read, with the twelve of the password's check in front of them."""
    member = Member(name="a.pkl", data=CLEAN, packed=b"\xa5" * (len(CLEAN) + 12), method=method, flags=1)
    parts = examine(archive([member]))
    assert gaps(parts) == {"encrypted"}
    assert {anomaly.partition(":")[0] for anomaly in anomalies(parts)} == {"encrypted-member"}
