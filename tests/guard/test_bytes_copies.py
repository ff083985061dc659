"""Copies that nobody can change, the folder that they are linked in, and what is checked of their use."""

from __future__ import annotations

import hashlib
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.errors import Blocked, Changed, Misbehaved, SourceError
from safeload.guard import afterwards, mapped, room
from safeload.guard.copy import Copy
from safeload.guard.sealed import Sealed
from safeload.sources.interface import Artifact, Digest, Origin, OriginKind, Role, Snapshot

LARGE = os.urandom(1000) * 300
SMALL = b"small" * 100
COMMIT = "1" * 40
memory_only = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="sealed memory is Linux's")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    (place / "large").write_bytes(LARGE)
    (place / "small").write_bytes(SMALL)
    return place


def sealed(files: Path, origin: Origin | None = None) -> tuple[Sealed, Snapshot, dict]:
    seal = Sealed()
    artifacts = [
        Artifact(path="large", size=len(LARGE), role=Role.WEIGHTS),
        Artifact(path="small", size=len(SMALL), role=Role.CONFIG),
    ]
    held = {}
    for artifact in artifacts:
        hold = seal.hold(files / artifact.path, artifact)
        hold.close()
        held[artifact.path] = hold.held()
    return seal, Snapshot.of(origin or Origin(kind=OriginKind.LOCAL, name=str(files)), artifacts), held


def test_what_is_looked_at_and_hashed_and_loaded_is_the_copy(files: Path, kind: str) -> None:
    seal = Sealed()
    hold = seal.hold(files / "large", Artifact(path="large", size=len(LARGE)))
    (files / "large").write_bytes(b"evil" * 1000)
    assert os.pread(hold.fileno(), len(LARGE), 0) == hold.read_at(0, len(LARGE)) == LARGE
    hold.close()
    held = hold.held()
    assert held.digest.hex == hashlib.sha256(LARGE).hexdigest()
    assert held.copy.path.read_bytes() == LARGE
    seal.close()


def test_other_bytes_than_announced_are_never_looked_at(files: Path, kind: str) -> None:
    claim = Digest(algorithm="sha256", hex="0" * 64)
    for name in ("large", "small"):
        with pytest.raises(Misbehaved):
            Sealed().hold(files / name, Artifact(path=name, size=1, expected=claim))


def test_nobody_writes_to_a_copy(files: Path, kind: str) -> None:
    seal, snapshot, held = sealed(files)
    for path, place in seal.lay_out(snapshot, held).items():
        copy = held[path].copy
        with pytest.raises(OSError):
            os.pwrite(copy.descriptor, b"evil", 0)
        if kind == "memory":
            again = os.open(place, os.O_RDWR)
            with pytest.raises(PermissionError):
                os.pwrite(again, b"evil", 0)
            with pytest.raises(PermissionError):
                mmap.mmap(again, 0)
            with pytest.raises(PermissionError):
                os.ftruncate(again, 0)
            os.close(again)
        else:
            assert copy.path.stat().st_mode & 0o777 == 0o400
    assert seal.folder.stat().st_mode & 0o077 == 0
    seal.close()


def test_twin_a_plain_copy_in_memory_can_be_written_by_its_path() -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("sealed memory is Linux's")
    descriptor = os.memfd_create("plain")
    os.write(descriptor, b"good")
    Path(f"/proc/self/fd/{descriptor}").write_bytes(b"evil")
    assert os.pread(descriptor, 4, 0) == b"evil"
    os.close(descriptor)


def test_the_folder_is_laid_out_as_the_snapshot(files: Path, kind: str) -> None:
    origin = Origin(kind=OriginKind.HUB, name="org/name", revision=COMMIT)
    seal, snapshot, held = sealed(files, origin)
    place = seal.lay_out(snapshot, held)["large"]
    assert place.relative_to(seal.folder).parts == ("models--org--name", "snapshots", COMMIT, "large")
    seal.close()
    assert not seal.folder.exists()


@pytest.mark.parametrize("spelt", ["absolute", "relative", "link", "a path object"])
def test_a_path_of_the_model_is_answered_with_its_copy(
    files: Path, spelt: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seal, snapshot, held = sealed(files)
    seal.lay_out(snapshot, held)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(files)
    given = {"absolute": str(files), "relative": "model", "link": "link", "a path object": files}[spelt]
    found = seal.of(given)
    assert isinstance(found, type(given))
    assert seal.folder in Path(found).parents
    assert (Path(found) / "large").read_bytes() == LARGE
    assert Path(seal.of(str(files / "large"))).read_bytes() == LARGE
    assert seal.of(str(files / "new")) == str(files / "new"), "where it will write is its own matter"
    assert seal.of(str(tmp_path)) == str(tmp_path)
    assert seal.of("org/name") == "org/name"
    assert seal.named(str(found)) == str(files)
    seal.close()


def test_a_child_opens_the_copies_too(files: Path, kind: str) -> None:
    seal, snapshot, held = sealed(files)
    place = seal.lay_out(snapshot, held)["large"]
    program = "import sys, hashlib, pathlib; print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest())"
    done = subprocess.run([sys.executable, "-c", program, place], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(LARGE).hexdigest()
    seal.close()


def test_weights_that_are_mapped_stay_when_their_descriptor_is_closed(files: Path, kind: str) -> None:
    seal, snapshot, held = sealed(files)
    places = seal.lay_out(snapshot, held)
    with places["large"].open("rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    seal.release(snapshot)
    assert not os.path.lexists(places["large"]), "its path might be another file's by now"
    assert places["small"].read_bytes() == SMALL
    assert mapping[:] == LARGE
    mapping.close()
    seal.close()


def test_copies_end_with_what_was_loaded(files: Path, kind: str) -> None:
    class Model:
        pass

    seal, snapshot, held = sealed(files)
    seal.lay_out(snapshot, held)
    seal.take(seal.folder)
    descriptors = [item.copy.descriptor for item in held.values()]
    model = afterwards.sealed(seal, snapshot, held, Model)
    assert seal.folder.exists()
    del model
    assert not seal.folder.exists()
    for descriptor in descriptors:
        with pytest.raises(OSError):
            os.fstat(descriptor)


@memory_only
def test_a_file_that_a_library_maps_itself_is_no_sealed_load(files: Path) -> None:
    kept = []

    def run() -> object:
        with (files / "large").open("rb") as file:
            kept.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return object()

    seal, snapshot, held = sealed(files)
    seal.lay_out(snapshot, held)
    with pytest.raises(Blocked, match="past its sealed copy"):
        afterwards.sealed(seal, snapshot, held, run)
    # Mapped by something else before: not this load's matter.
    afterwards.sealed(seal, snapshot, held, lambda: 1)
    assert mapped.counted([files / "large"]) == {files / "large": 1}
    seal.close()


def test_a_file_that_a_library_reads_itself_must_not_change_meanwhile(files: Path) -> None:
    seal, snapshot, held = sealed(files)
    seal.lay_out(snapshot, held)
    with pytest.raises(Changed):
        afterwards.sealed(seal, snapshot, held, lambda: (files / "large").write_bytes(b"evil"))
    seal.take(seal.folder)
    assert afterwards.sealed(seal, snapshot, held, lambda: (files / "large").write_bytes(b"evil")) == 4
    seal.close()


def test_a_model_is_called_by_its_own_folder(files: Path) -> None:
    class Thing:
        pass

    seal, snapshot, held = sealed(files)
    seal.lay_out(snapshot, held)
    model, config = Thing(), Thing()
    model.config, model.parts = config, [{"name_or_path": seal.of(str(files))}]  # type: ignore[attr-defined]
    config._name_or_path = seal.of(str(files))  # type: ignore[attr-defined]
    config.vocab_file = seal.of(str(files / "small"))  # type: ignore[attr-defined]
    config.again = model  # type: ignore[attr-defined]
    afterwards.sealed(seal, snapshot, held, lambda: model)
    assert config._name_or_path == model.parts[0]["name_or_path"] == str(files)  # type: ignore[attr-defined]
    assert Path(config.vocab_file).read_bytes() == SMALL  # type: ignore[attr-defined]
    seal.close()


def test_no_room_is_an_error(files: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.limits, "SPARE", 1 << 60)
    with pytest.raises(SourceError, match="no room for a sealed copy"):
        Sealed().hold(files / "large", Artifact(path="large", size=len(LARGE)))


def test_memory_is_the_smaller_of_machine_and_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = tmp_path / "meminfo"
    said.write_text("MemTotal: 9 kB\nMemAvailable:    4096 kB\n")
    monkeypatch.setattr(room, "_SAID", said)
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    assert room.memory() == 4096 * 1024
    for name, text in (("max", "1000000"), ("current", "900000"), ("stat", "inactive_file 5000\nactive_file 1000\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert room.memory() == 106_000
    (tmp_path / "memory.max").write_text("max\n")
    assert room.memory() == 4096 * 1024
    said.unlink()
    assert room.memory() is None


def test_a_copy_that_is_forgotten_is_closed(tmp_path: Path, kind: str) -> None:
    copy = Copy(tmp_path / "copy")
    descriptor = copy.descriptor
    del copy
    with pytest.raises(OSError):
        os.fstat(descriptor)
    assert not (tmp_path / "copy").exists()


def test_a_forked_child_leaves_the_copies_alone(files: Path) -> None:
    seal, snapshot, held = sealed(files)
    place = seal.lay_out(snapshot, held)["large"]
    child = os.fork()
    if not child:
        seal.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert place.read_bytes() == LARGE
    seal.close()
