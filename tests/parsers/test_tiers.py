"""What a file is said to hold does not depend on which worker was asked first."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.parsers import formats, purposes, tiers
from safeload.parsers.reader import Reader
from safeload.parsers.sandbox import workers as rooms
from safeload.parsers.sandbox.workers import Workers
from tests.fuzz import seeds
from tests.parsers.conftest import LocalFile

pytestmark = pytest.mark.heavy

GOOD = pickle.dumps({"a": range(3)})
PURPOSES = ("python", "template", "yaml")


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Workers, Workers]]:
    """One that asks the first worker about everything, one that never does."""
    made = (Workers(), Workers())
    yield made
    for each in made:
        each.close()


def _zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/data.pkl", GOOD)
        archive.writestr("m/other", data)
    return out.getvalue()


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in (("a.pkl", GOOD), ("other", data)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize("around", [bytes, _zip, _tar])
@pytest.mark.parametrize("kind", seeds.samples())
def test_every_kind_is_read_alike_whoever_is_asked_first(
    kind: str, around: type[bytes], both: tuple[Workers, Workers], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(around(seeds.samples()[kind]))
    purpose = kind if kind in PURPOSES and around is bytes else ""
    said = []
    for workers, light in zip(both, (True, False), strict=True):
        monkeypatch.setattr(rooms, "_light", lambda readable, purpose, light=light: light)
        file = LocalFile(path)
        said.append(workers.examine(file, name=kind, purpose=purpose))
        file.close()
    assert said[0] == said[1]
    assert not any(part.needs == tiers.READING for part in said[0])


def test_a_scan_of_pickles_starts_one_worker(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(GOOD)
    workers = Workers()
    file = LocalFile(tmp_path / "a.pkl")
    (part,) = workers.examine(file, name="a.pkl")
    file.close()
    assert part.gap is None and part.pickle is not None
    assert len(list(workers)) == 1
    workers.close()


def test_what_was_announced_is_not_lost_when_another_file_comes_between(tmp_path: Path) -> None:
    """An archive that the first worker hands on meets the other worker with texts that were announced to it."""
    files = []
    for number in range(40):
        path = tmp_path / f"{number}"
        path.write_bytes(_zip(b"text") if number == 3 else json.dumps({"n": number}).encode())
        files.append(LocalFile(path))
    workers = Workers()
    full = workers.begin(light=False, wait=True)
    pid = full.pid
    for file in files:
        workers.announce(file)
    for number, file in enumerate(files):
        parts = workers.examine(file, name=str(number))
        assert parts[0].format == ("torch-zip" if number == 3 else "json")
        file.close()
    assert full.pid == pid
    workers.close()


CHECK = """
import sys
from safeload.parsers import formats, tiers
from safeload.parsers.examine import examine
from safeload.parsers.reader import Reader
sample = {sample!r}
{mode}
print(formats.identify(Reader.of_bytes(sample)))
print(all(one.here and callable(getattr(sys.modules.get(one.module), one.name, None)) for one in tiers._all))
"""


def _process(mode: str, sample: bytes = b"") -> list[str]:
    code = CHECK.format(sample=sample, mode=mode)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_worker_with_every_reader_has_imported_all_that_any_of_them_calls() -> None:
    assert _process("tiers.load()")[1] == "True"
    assert _process("tiers.light()")[1] == "False"


@pytest.mark.parametrize("kind", sorted(seeds.samples().keys() - set(PURPOSES)))
def test_the_first_worker_tells_every_format(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = seeds.samples()[kind]
    known = formats.identify(Reader.of_bytes(sample))
    monkeypatch.setattr(tiers, "_light", [True])
    monkeypatch.setattr(tiers.Later, "here", False)
    assert formats.identify(Reader.of_bytes(sample)) == known


def test_a_file_that_says_what_it_is_for_is_not_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(GOOD)
    file = LocalFile(path)
    assert rooms._light(file, "") and not rooms._light(file, purposes.PYTHON)
    file.close()
