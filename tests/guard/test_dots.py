"""`..` behind a link: the text names one file, the system opens another. What is opened is what is looked at."""

from __future__ import annotations

import os

import pytest

from safeload.guard.loaders.buffers import named
from safeload.sources.local import LocalSource


@pytest.fixture
def spelt(tmp_path, monkeypatch):
    """`link/../model` is not `model`."""
    for name, content in (("here/model", b"ordinary"), ("there/model", b"another"), ("there/inner/x", b"")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "here" / "link").symlink_to(tmp_path / "there" / "inner")
    monkeypatch.chdir(tmp_path / "here")
    return "link/../model"


def test_the_twin_the_text_says_another_file_than_the_system_opens(spelt):
    with open(spelt, "rb") as file, open(os.path.abspath(spelt), "rb") as other:
        assert (file.read(), other.read()) == (b"another", b"ordinary")


def test_what_a_library_would_open_is_what_is_looked_at(spelt):
    source = LocalSource(named(spelt))
    (artifact,) = source.files()
    assert source.open(artifact.path).read_at(0, 10) == b"another"
    assert LocalSource(spelt).place(artifact.path) == LocalSource(named(spelt)).place(artifact.path)


def test_ordinary_dots_keep_the_users_own_names(spelt, tmp_path):
    assert named("../here/model") == str(tmp_path / "here" / "model")
    assert named("link/x") == str(tmp_path / "here" / "link" / "x")
