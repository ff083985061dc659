"""What the hub said of a commit's files, kept by its client: what a file is compared with where there is no network."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import Misbehaved
from safeload.guard.hold import hold
from safeload.sources import cache, trees
from safeload.sources.interface import Digest
from safeload.sources.local import LocalSource

COMMIT = "1" * 40
DATA = b"weights" * 30_000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A cache that holds copies, as where there are no symbolic links: the names of its files say nothing."""
    home = tmp_path / "hub" / "models--org--name"
    place = home / "snapshots" / COMMIT
    (place / "inner").mkdir(parents=True)
    (place / "inner" / "model.bin").write_bytes(DATA)
    (place / "config.json").write_text("{}")
    (home / "trees").mkdir()
    written(home, {"inner/model.bin": {"size": 1, "blob_id": "2" * 40, "lfs_sha256": SHA}, "config.json": small(b"{}")})
    return place


def written(home: Path, files: object) -> None:
    (home / "trees" / f"{COMMIT}.json").write_text(json.dumps({"format_version": 1, "files": files}))


def small(data: bytes) -> dict[str, object]:
    return {"size": len(data), "blob_id": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}


@pytest.mark.parametrize("below", ["", "inner", "inner/model.bin"])
def test_a_copy_is_compared_with_what_the_hub_said(snapshot: Path, below: str) -> None:
    found = {a.path: a.expected for a in LocalSource(snapshot / below).files()}
    path = "inner/model.bin" if not below else "model.bin"
    assert found[path] == Digest(algorithm="sha256", hex=SHA)
    if not below:
        assert found["config.json"] == Digest(algorithm="git-sha1", hex=str(small(b"{}")["blob_id"]))


def test_a_poisoned_copy_is_refused_and_both_digests_and_the_way_out_are_named(snapshot: Path) -> None:
    place = snapshot / "inner" / "model.bin"
    evil = b"poison!" * 30_000
    place.write_bytes(evil)
    (artifact,) = LocalSource(place).files()
    with pytest.raises(Misbehaved, match=f"expected sha256:{SHA}, found .*{hashlib.sha256(evil).hexdigest()}.*Delete"):
        hold(place, expected=artifact.expected)


def test_twin_without_what_the_hub_said_nobody_knows(snapshot: Path) -> None:
    shutil.rmtree(snapshot.parent.parent / "trees")
    assert {a.expected for a in LocalSource(snapshot).files()} == {None}


def test_it_counts_more_than_the_name_of_a_blob(snapshot: Path) -> None:
    """Who poisons a cache can name his own file after what it hashes to."""
    blobs = snapshot.parent.parent / "blobs"
    blobs.mkdir()
    evil = b"poison!" * 30_000
    blob = blobs / hashlib.sha256(evil).hexdigest()
    blob.write_bytes(evil)
    (snapshot / "inner" / "model.bin").unlink()
    (snapshot / "inner" / "model.bin").symlink_to(blob)
    found = {a.path: a.expected for a in LocalSource(snapshot).files()}
    assert found["inner/model.bin"] == Digest(algorithm="sha256", hex=SHA)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"files": []}', '{"files": {"config.json": 1}}', "[" * 100_000, "\xff", "long"],
    ids=["empty", "list", "object", "list of files", "number", "deep", "latin", "long"],
)
def test_what_cannot_be_read_is_no_claim(snapshot: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    home = snapshot.parent.parent
    if text == "long":
        monkeypatch.setattr(limits, "TREE", 100)
    else:
        (home / "trees" / f"{COMMIT}.json").write_text(text, "latin-1")
    assert trees.claims(home, COMMIT) == {}


@pytest.mark.parametrize("said", [{"lfs_sha256": "short", "blob_id": "2" * 40}, {"blob_id": 1}, {}])
def test_a_claim_that_is_none_is_left_out(snapshot: Path, said: dict[str, object]) -> None:
    written(snapshot.parent.parent, {"config.json": said})
    assert trees.claims(snapshot.parent.parent, COMMIT) == {}


def test_offline_the_cache_is_compared_with_it(snapshot: Path, tmp_path: Path) -> None:
    found = cache.snapshot(tmp_path / "hub", "org/name", COMMIT)
    assert found is not None
    assert {a.path: a.expected for a in cache.artifacts(found)}["inner/model.bin"] == Digest(
        algorithm="sha256", hex=SHA
    )


@pytest.mark.heavy
def test_the_client_s_own_listing_is_understood(hub_env) -> None:
    huggingface_hub = pytest.importorskip("huggingface_hub")
    folder = Path(huggingface_hub.snapshot_download("acme/tiny-bert"))
    home = folder.parent.parent
    if not (home / "trees").is_dir():
        pytest.skip("this huggingface_hub keeps no listing")
    said = trees.claims(home, folder.name)
    assert said.keys() >= {path.name for path in folder.iterdir()}
    for path in folder.iterdir():
        assert said[path.name].hex == path.readlink().name
