"""7z archives, in the worker with other people's libraries."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.parsers.facts import Part
from safeload.parsers.sandbox.workers import Workers
from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_zip
from tests.parsers.conftest import LocalFile, anomalies, gaps, names

py7zr = pytest.importorskip("py7zr")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    both = Workers()
    yield both
    both.close()


def packed(files: dict[str, bytes], **options: object) -> bytes:
    made = io.BytesIO()
    with py7zr.SevenZipFile(made, "w", **options) as archive:
        for name, data in files.items():
            archive.writef(io.BytesIO(data), name)
    return made.getvalue()


def looked(workers: Workers, content: bytes, folder: Path) -> tuple[Part, ...]:
    path = folder / "examined"
    path.write_bytes(content)
    readable = LocalFile(path)
    try:
        return workers.examine(readable, name="examined")
    finally:
        readable.close()


def test_members_are_read_by_what_they_are(workers: Workers, tmp_path: Path) -> None:
    bad = op.evil(tmp_path / "marker")
    parts = looked(workers, packed({"a.bin": bad, "b/m.pt": torch_zip(bad), "README": b"text"}), tmp_path)
    assert parts[0].format == "7z" and gaps(parts) == set() and anomalies(parts) == ()
    assert [part.format for part in parts[1:]] == ["pickle", "torch-zip", "pickle", "text"]
    assert "builtins.open" in names(parts)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("hidden", [False, True])
def test_encrypted_is_a_gap(hidden: bool, workers: Workers, tmp_path: Path) -> None:
    content = packed({"a": op.evil(tmp_path / "m")}, password="secret", header_encryption=hidden)
    assert gaps(looked(workers, content, tmp_path)) == {"encrypted"}


@pytest.mark.heavy
def test_a_bomb_is_a_limit(workers: Workers, tmp_path: Path) -> None:
    assert gaps(looked(workers, packed({"a": bytes(200 << 20)}), tmp_path)) == {"limit"}


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_damage_is_a_gap(cut: int, workers: Workers, tmp_path: Path) -> None:
    content = packed({"a": op.evil(tmp_path / "m"), "b": b"x" * 100})
    assert gaps(looked(workers, content[:-cut], tmp_path))
    assert gaps(looked(workers, content[:cut] + b"\xff" + content[cut + 1 :], tmp_path))
