"""The bytes that were decided on are the bytes that are loaded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from safeload.errors import Changed, Misbehaved, SourceError
from safeload.guard import vault
from safeload.guard.hold import hold
from safeload.sources.interface import Digest
from safeload.sources.memory import PrivateFile

DATA = b"weights" * 20_000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(DATA)
    return path


def sha(data: bytes) -> Digest:
    return Digest(algorithm="sha256", hex=hashlib.sha256(data).hexdigest())


def test_a_file_is_hashed(weights):
    assert hold(weights).digest == sha(DATA)


def test_other_bytes_than_announced_are_refused_and_both_digests_named(weights):
    with pytest.raises(Misbehaved, match=sha(DATA).hex):
        hold(weights, expected=sha(b"announced"))


def test_small_files_are_compared_by_gits_own_hash(weights):
    git = hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest()
    held = hold(weights, expected=Digest(algorithm="git-sha1", hex=git))
    assert held.digest == sha(DATA)
    with pytest.raises(Misbehaved):
        hold(weights, expected=Digest(algorithm="git-sha1", hex="0" * 40))


def test_overwriting_during_the_load_is_noticed(weights):
    held = hold(weights)
    weights.write_bytes(b"x" * len(DATA))
    with pytest.raises(Changed):
        vault.recheck([held])


def test_replacing_the_file_during_the_load_is_noticed(weights, tmp_path):
    held = hold(weights)
    other = tmp_path / "other"
    other.write_bytes(DATA)
    os.replace(other, weights)
    with pytest.raises(Changed):
        vault.recheck([held])


def test_swapping_a_link_during_the_load_is_noticed(weights, tmp_path):
    other, link = tmp_path / "other", tmp_path / "link"
    other.write_bytes(DATA)
    link.symlink_to(weights)
    held = hold(link)
    link.unlink()
    link.symlink_to(other)
    with pytest.raises(Changed):
        vault.recheck([held])


def test_an_unchanged_file_passes(weights):
    vault.recheck([hold(weights)])


def test_a_file_that_everybody_can_write_is_refused(weights):
    weights.chmod(0o666)
    with pytest.raises(SourceError, match="every user"):
        hold(weights)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_only_regular_files(tmp_path, make):
    path = tmp_path / "odd"
    make(path)
    with pytest.raises(SourceError):
        hold(path)


def test_a_digest_is_remembered_until_the_file_changes(weights):
    class Memo:
        def __init__(self):
            self.known, self.asked = {}, 0

        def digest(self, key):
            self.asked += 1
            return self.known.get(key)

        def remember_digest(self, key, sha256):
            self.known[key] = sha256

    memo, other = Memo(), DATA + b"other"
    hold(weights, memo=memo)
    assert hold(weights, memo=memo).digest == sha(DATA)
    assert len(memo.known) == 1
    weights.write_bytes(other)
    assert hold(weights, memo=memo).digest == sha(other)
    assert len(memo.known) == 2


def test_a_private_copy_cannot_be_changed_afterwards(weights):
    with weights.open("rb") as file:
        copy = PrivateFile(file)
    weights.write_bytes(b"evil")
    assert copy.stream().read() == DATA
    assert copy.digest == sha(DATA)
    if hasattr(os, "memfd_create"):
        with pytest.raises(PermissionError):
            os.pwrite(copy.fileno(), b"evil", 0)
    copy.close()
