"""Files that are hashed while they are looked at: one descriptor, one pass, and no digest of what changed."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import Changed, Misbehaved, SourceError
from safeload.guard import hold as hold_module
from safeload.guard import holds as holds_module
from safeload.guard import vault
from safeload.guard.hold import Hold
from safeload.guard.holds import Holds
from safeload.sources.closure import Closure
from safeload.sources.interface import Artifact, Digest, Snapshot
from safeload.sources.local import LocalSource

LARGE = os.urandom(1000) * 1000
SMALL = b"small" * 100


class NoMemo:
    def digest(self, key: object) -> str | None:
        return None

    def remember_digest(self, key: object, sha256: str) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "large").write_bytes(LARGE)
    (tmp_path / "small").write_bytes(SMALL)
    return tmp_path


def closure_of(folder: Path, *, expected: Digest | None = None) -> Closure:
    source = LocalSource(folder)
    artifacts = [Artifact(path=a.path, size=a.size, expected=expected) for a in source.files()]
    return Closure(
        snapshot=Snapshot.of(source.origin, artifacts), sources={str(source.origin): source}, missing=frozenset()
    )


@pytest.fixture
def holds(folder: Path) -> Iterator[Holds]:
    with closing(Holds(closure_of(folder), NoMemo())) as made:
        yield made


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_every_file_is_hashed_while_it_is_open(holds: Holds) -> None:
    for path in ("large", "small"):
        holds.open(Artifact(path=path)).close()  # type: ignore[attr-defined]
    assert {path: one.digest.hex for path, one in holds.held().items()} == {"large": sha(LARGE), "small": sha(SMALL)}


def test_a_small_file_is_read_once_and_what_is_looked_at_is_what_was_hashed(folder: Path) -> None:
    hold = Hold(folder / "small")
    (folder / "small").write_bytes(b"other")
    assert (hold.whole, hold.fileno()) == (SMALL, None)
    held = hold.held()
    assert held is not None and held.digest.hex == sha(SMALL)
    with pytest.raises(Changed):
        vault.recheck([held])


@pytest.mark.parametrize("when", ["before it is hashed", "before it is looked at", "after it was hashed"])
def test_overwriting_the_file_between_hashing_and_looking_is_noticed(folder: Path, when: str) -> None:
    """Through the same name and inode: who read first saw other bytes than who read last."""
    hold = Hold(folder / "large")
    descriptor = hold.fileno()
    assert descriptor is not None

    def overwrite() -> None:
        with (folder / "large").open("r+b") as file:
            file.write(b"evil")

    if when == "before it is hashed":
        assert os.pread(descriptor, 4, 0) == LARGE[:4]
        overwrite()
        hold.hash()
        hold.close()
    else:
        hold.hash()
        if when == "before it is looked at":
            overwrite()
            assert os.pread(descriptor, 4, 0) == b"evil"
            hold.close()
        else:
            overwrite()
            hold.close()
    with pytest.raises(Changed):
        hold.held()


def test_times_alone_do_not_tell_a_write_of_the_same_tick(folder: Path) -> None:
    """The twin: why a file that is this new is not opened before the clock has gone on."""
    path = folder / "large"
    same = False
    for _ in range(200):
        path.write_bytes(LARGE)
        before = vault.Identity.of(path.stat())
        with path.open("r+b") as file:
            file.write(b"evil")
        same = same or vault.Identity.of(path.stat()) == before
    if not same:
        pytest.skip("this file system's clock is finer than two writes")
    path.write_bytes(LARGE)
    before = time.time_ns()
    Hold(path).close()
    assert time.time_ns() - path.stat().st_mtime_ns >= 20_000_000 > 0 < before


def test_a_file_that_is_being_read_is_not_held(folder: Path) -> None:
    hold = Hold(folder / "large")
    hold.hash()
    with pytest.raises(SourceError):
        hold.held()
    hold.close()


def test_a_file_that_was_not_hashed_to_its_end_is_not_held(folder: Path) -> None:
    hold = Hold(folder / "large")
    hold.hash(lambda: True)
    hold.close()
    with pytest.raises(Changed):
        hold.held()


@pytest.mark.parametrize("name", ["large", "small"])
@pytest.mark.parametrize("algorithm", ["sha256", "git-sha1"])
def test_other_bytes_than_announced_are_refused_after_looking(folder: Path, name: str, algorithm: str) -> None:
    claim = Digest(algorithm=algorithm, hex="0" * (64 if algorithm == "sha256" else 40))
    with closing(Holds(closure_of(folder, expected=claim), NoMemo())) as holds:
        holds.open(Artifact(path=name, expected=claim)).close()  # type: ignore[attr-defined]
        with pytest.raises(Misbehaved):
            holds.held()


def test_after_one_that_may_not_be_held_no_other_is_opened(folder: Path, holds: Holds) -> None:
    (folder / "large").chmod(0o666)
    for path in ("large", "small"):
        with pytest.raises(SourceError, match="every user"):
            holds.open(Artifact(path=path))
    with pytest.raises(SourceError, match="every user"):
        holds.held()


def test_leaving_early_ends_the_hashing_in_the_middle_of_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    update = hold_module._Hashing.update

    def slow(self: object, data: bytes | memoryview) -> None:
        begun.set()
        go_on.wait(10)
        update(self, data)  # type: ignore[arg-type]

    with (folder / "large").open("r+b") as file:
        file.truncate(8 * limits.MIB)
    holds = Holds(closure_of(folder), NoMemo())
    monkeypatch.setattr(hold_module._Hashing, "update", slow)
    hold = holds.open(Artifact(path="large"))
    begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    holds.close()
    hold.close()
    assert isinstance(hold, Hold) and hold.sha256(wait=True) is None


def test_many_files_do_not_take_all_descriptors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds_module, "_OPEN", 4)
    for number in range(40):
        (tmp_path / f"{number:02}").write_bytes(LARGE)
    most = 0
    with closing(Holds(closure_of(tmp_path), NoMemo())) as holds:
        for number in range(40):
            holds.open(Artifact(path=f"{number:02}")).close()
            most = max(most, sum(hold.fileno() is not None for hold in holds._holds.values()))
        assert len(holds.held()) == 40
    assert most <= 6


def test_a_file_of_holes_is_not_hashed_and_not_held(tmp_path: Path) -> None:
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(10 * limits.GIB)
    if path.stat().st_blocks * 512 > limits.GIB:
        pytest.skip("no sparse files here")
    started = time.monotonic()
    hold = Hold(path)
    assert not hold.unhashed
    hold.close()
    assert hold.held() is None
    assert "only 0 are stored" in hold.unheld
    assert time.monotonic() - started < 2


def test_twin_such_a_file_takes_long_to_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HOLES", 10 * limits.GIB)
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(10 * limits.GIB)
    hold = Hold(path)
    assert hold.unhashed
    stop = threading.Timer(0.5, lambda: None)
    stop.start()
    hold.hash(lambda: not stop.is_alive())
    hold.close()
    assert hold.sha256(wait=False) is None
