"""E 41: holes of the loader that protects itself: `torch.load(weights_only=True)` before torch 2.10.

CVE-2025-32434 (torch <= 2.5.1: code runs), https://nvd.nist.gov/vuln/detail/CVE-2025-32434
CVE-2026-24747 (torch < 2.10: SETITEM on what is no dict, records of another size than their storage),
https://nvd.nist.gov/vuln/detail/CVE-2026-24747
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.builders.zips import Member
from tests.bypasses.conftest import Oracle, verdict

Look = Callable[..., Report]
torch = pytest.importorskip("torch")

# A torch with such a hole, made of the one that is here: its version, and a loader that is not restricted.
OLD = """
import pickle, torch
torch.__version__ = torch.torch_version.TorchVersion({version!r})
torch.serialization._weights_only_unpickler = pickle
"""
GUARD = "import safeload; safeload.install()\n"
LOAD = "torch.load(path, weights_only=True)"


@pytest.mark.parametrize("version", ["2.5.1", "2.9.1+cu128", "2.9.0a0+git1234567", "unknown"])
def test_a_torch_whose_weights_only_has_holes_is_not_left_to_itself(
    version: str, oracle: Oracle, marker: Path, look: Look
) -> None:
    content = torch_zip(op.evil(marker))
    ended, last = oracle.run(OLD.format(version=version) + GUARD + LOAD, content)
    assert (ended, marker.exists()) == (1, False)
    assert "blocked" in last.lower()
    assert verdict(look(content)) is not Action.ALLOW
    # The twin: without the guard it runs.
    oracle.run(OLD.format(version=version) + LOAD, content)
    assert marker.exists()


def test_an_item_that_is_set_beyond_a_record_is_not_allowed(look: Look) -> None:
    whole = io.BytesIO()
    torch.save(torch.zeros(1000), whole)
    with zipfile.ZipFile(whole) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        pickle, record = archive.read(names["data.pkl"]), archive.read(names["data/0"])
    last_item = pickle[:-1] + b"M\xe7\x03K\x07s."
    held = {length: Member(name="archive/data/0", data=record[:length]) for length in (len(record), 8)}
    assert verdict(look(torch_zip(last_item, extra=(held[8],)))) is not Action.ALLOW
    assert verdict(look(torch_zip(pickle, extra=(held[len(record)],)))) is Action.ALLOW
