"""Section D: files that one program reads differently from another; the verdict has to hold for every reading.

Each attack is one that the real loader runs, and that is not allowed on the same bytes.
CVE-2025-1889, CVE-2025-1944, CVE-2025-1945, CVE-2025-10155, CVE-2025-10156.
"""

from __future__ import annotations

import gzip
import io
import pickle
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.builders.checkpoints import torch_legacy, torch_zip
from tests.builders.opcodes import EMPTY_DICT, STOP, evil, proto
from tests.builders.zips import Member
from tests.bypasses.conftest import rules

Look = Callable[..., Report]
BENIGN = proto(2) + EMPTY_DICT + STOP


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def test_the_builders_make_clean_files(look: Look) -> None:
    assert is_clean(look(torch_zip(BENIGN)))
    assert is_clean(look(torch_legacy(BENIGN)))


@pytest.mark.parametrize("zipped", [True, False])
def test_without_us_a_poisoned_checkpoint_works(zipped: bool, marker: Path) -> None:
    torch = pytest.importorskip("torch")
    data = torch_zip(evil(marker)) if zipped else torch_legacy(evil(marker))
    torch.load(io.BytesIO(data), weights_only=False)
    assert marker.exists()


@pytest.mark.parametrize("name", ["m.bin", "m.safetensors", "m.json", "m.txt", "m.npy", "m", "README.md", "M.PKL"])
def test_no_name_hides_a_pickle(name: str, marker: Path, look: Look) -> None:
    for data in (evil(marker), evil(marker, protocol=4), torch_zip(evil(marker)), torch_legacy(evil(marker))):
        assert "pickle-dangerous-call" in rules(look(data, name=name))
    assert not marker.exists()


LIES: list[dict[str, Any]] = [
    {"local_name": "archive/other.txt"},
    {"flags": 1},
    {"local_flags": 1},
    {"crc": 0},
]


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_zip_that_contradicts_itself_is_read_and_said_to_be_odd(
    lie: dict[str, Any], marker: Path, look: Look
) -> None:
    assert not is_clean(look(torch_zip(BENIGN, **lie)))
    report = look(torch_zip(evil(marker), **lie))
    assert not is_clean(report)
    if lie != {"flags": 1}:  # marked as encrypted in the directory too: then it is a gap
        assert "pickle-dangerous-call" in rules(report)


@pytest.mark.parametrize("evil_first", [True, False])
@pytest.mark.parametrize("name", ["archive/data.pkl", "archive/DATA.PKL", "other/data.pkl"])
def test_of_two_pickles_both_are_read(evil_first: bool, name: str, marker: Path, look: Look) -> None:
    bad, good = evil(marker), BENIGN
    first = (Member(name=name, data=bad if evil_first else good),)
    report = look(torch_zip(good if evil_first else bad, first=first))
    assert "pickle-dangerous-call" in rules(report)
    assert rules(report) & {"archive-duplicate-member", "archive-ambiguous"}


@pytest.mark.parametrize("name", ["archive/data/0", "archive/notes.txt", "archive/extra", "x.npy"])
def test_a_pickle_under_another_name_in_the_archive_is_read(name: str, marker: Path, look: Look) -> None:
    report = look(torch_zip(BENIGN, extra=(Member(name=name, data=evil(marker)),)))
    assert "pickle-dangerous-call" in rules(report)


def test_a_later_stream_is_read(marker: Path, look: Look) -> None:
    assert "pickle-dangerous-call" in rules(look(BENIGN * 20 + evil(marker)))
    assert not is_clean(look(torch_legacy(BENIGN, behind=evil(marker))))  # torch does not read on: it asks, no more


def test_what_follows_the_last_pickle_is_not_clean(look: Look) -> None:
    assert not is_clean(look(BENIGN + b"\xff\xff rest"))


def test_a_broken_end_does_not_hide_what_came_before(marker: Path, look: Look) -> None:
    report = look(evil(marker)[:-1] + b"\xff")
    assert "pickle-dangerous-call" in rules(report)
    assert isinstance(report.results[0], Unscanned)


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress], ids=["zlib", "gzip"])
def test_compression_that_joblib_undoes(pack: Callable[[bytes], bytes], marker: Path, look: Look) -> None:
    assert "pickle-dangerous-call" in rules(look(pack(evil(marker)), name="m.joblib"))


def test_a_pickle_in_front_of_a_zip_is_two_files(marker: Path, look: Look) -> None:
    report = look(evil(marker) + torch_zip(BENIGN))
    assert "pickle-dangerous-call" in rules(report)
    assert "polyglot" in rules(report)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_cut_of_a_harmless_pickle_is_not_clean(protocol: int, look: Look) -> None:
    whole = pickle.dumps({"a": [1, 2], "b": "text"}, protocol)
    assert is_clean(look(whole))
    for end in range(2 if protocol > 1 else 1, len(whole)):  # one byte of those is MessagePack's empty map
        assert not is_clean(look(whole[:end])), end
