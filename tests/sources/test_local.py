"""Files and folders: what is listed, what is read, and what is left alone."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import Changed, NotFound, SourceError
from safeload.sources.closure import listing_of
from safeload.sources.interface import Digest, Silent
from safeload.sources.local import LocalSource

COMMIT = "a" * 40


def made(root: Path, **files: bytes) -> Path:
    for name, data in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def paths(source: LocalSource) -> list[str]:
    return sorted(artifact.path for artifact in source.files())


def test_a_folder_lists_what_is_in_it(tmp_path: Path) -> None:
    root = made(tmp_path / "m", config_json=b"{}", sub__model_bin=b"abc")
    for skipped in (".git/config", "__pycache__/x.pyc", ".cache/huggingface/x", ".ipynb_checkpoints/n"):
        (root / skipped).parent.mkdir(parents=True, exist_ok=True)
        (root / skipped).write_bytes(b"")
    source = LocalSource(root)
    assert paths(source) == ["config.json", "sub/model.bin"]
    assert {a.path: a.size for a in source.files()} == {"config.json": 2, "sub/model.bin": 3}
    assert source.origin.name == str(root)
    assert source.origin.revision is None
    assert all(a.expected is None and a.digest is None for a in source.files())


def test_a_file_is_a_source_of_one(tmp_path: Path) -> None:
    made(tmp_path, model_pt=b"abc", other_pt=b"x")
    source = LocalSource(tmp_path / "model.pt")
    assert paths(source) == ["model.pt"]
    with closing(source.open("model.pt")) as reader:
        assert reader.read_at(1, 99) == b"bc"
        assert reader.size == 3
        assert reader.fileno() is not None


def test_a_link_out_of_the_folder_is_listed_and_not_followed(tmp_path: Path) -> None:
    root = made(tmp_path / "m", config_json=b"{}")
    made(tmp_path, secret_txt=b"secret")
    (root / "weights.bin").symlink_to(tmp_path / "secret.txt")
    (root / "inside.json").symlink_to("config.json")
    (root / "nowhere").symlink_to("gone")
    (root / "loop").symlink_to("loop")
    (root / "folder").symlink_to(tmp_path)
    source = LocalSource(root)
    assert paths(source) == ["config.json", "folder", "inside.json", "loop", "nowhere", "weights.bin"]
    assert source.cached("weights.bin") is None
    for name in ("weights.bin", "nowhere", "loop", "folder"):
        with pytest.raises(SourceError, match="unreadable"):
            source.open(name)
    assert source.open("inside.json").read_at(0, 9) == b"{}"
    with pytest.raises(SourceError, match="leaves the folder"):
        source.fetch(["weights.bin"], Silent())


def test_a_pipe_or_a_socket_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.pkl")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # a socket's path is short
        listening.bind("socket.pkl")
        for name in ("pipe.pkl", "socket.pkl"):
            with pytest.raises(SourceError, match=r"unreadable.*not a regular file"):
                LocalSource(tmp_path / name).open(name)
            with pytest.raises(SourceError, match="unreadable"):
                LocalSource(tmp_path).open(name)


def test_a_device_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unreadable"):
        LocalSource(Path("/dev/zero")).open("zero")


def test_a_file_that_became_a_pipe_does_not_hang(tmp_path: Path) -> None:
    source = LocalSource(made(tmp_path, model_pkl=b"N."))
    (tmp_path / "model.pkl").unlink()
    os.mkfifo(tmp_path / "model.pkl")
    with pytest.raises(SourceError, match="unreadable"):
        source.open("model.pkl")


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    source = LocalSource(made(tmp_path, model_pkl=b"abcdef"))
    reader = source.open("model.pkl")
    assert reader.read_at(0, 3) == b"abc"
    (tmp_path / "model.pkl").write_bytes(b"ab")
    with pytest.raises(Changed):
        reader.read_at(0, 6)
    reader.close()
    reader.close()


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    source = LocalSource(made(tmp_path, model_pkl=b"abcdef"))
    (tmp_path / "model.pkl").unlink()
    with pytest.raises(SourceError, match="unreadable"):
        source.open("model.pkl")
    with pytest.raises(NotFound):
        source.open("other.pkl")


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_listed(tmp_path: Path) -> None:
    root = made(tmp_path / "m", config_json=b"{}")
    root.chmod(0)
    with pytest.raises(SourceError, match="cannot be listed"):
        LocalSource(root)


def test_a_file_that_goes_while_the_folder_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one in a folder that may be listed and not entered: to `lstat` it is the same."""
    made(tmp_path, config_json=b"{}", model_pkl=b"N.")
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        if path.endswith("model.pkl"):
            raise FileNotFoundError(2, "No such file or directory")
        return real(path)

    monkeypatch.setattr(os, "lstat", lstat)
    source = LocalSource(tmp_path)
    assert paths(source) == ["config.json", "model.pkl"]
    with pytest.raises(SourceError, match="cannot be looked at"):
        source.open("model.pkl")


def test_names_of_any_bytes_are_listed_and_opened(tmp_path: Path) -> None:
    names = ["new\nline", "esc\x1b[2J", os.fsdecode(b"bad\xff\xfe"), "\u202egnp", "x" * 255, "-rf", " "]
    for name in names:
        (tmp_path / name).write_bytes(b"N.")
    source = LocalSource(tmp_path)
    assert paths(source) == sorted(names)
    for name in paths(source):
        assert source.open(name).read_at(0, 9) == b"N."


@pytest.mark.parametrize("path", ["x" * 5_000, "a/" * 3_000, "nul\0byte", "~nobody-of-this-name/x"])
def test_a_path_that_cannot_be(path: str) -> None:
    with pytest.raises(NotFound):
        LocalSource(Path(path))


def test_the_number_of_files_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES", 3)
    for i in range(4):
        (tmp_path / str(i)).touch()
    with pytest.raises(SourceError, match="more than 3 files"):
        LocalSource(tmp_path)


def test_small_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SMALL_FILE", 3)
    listing = listing_of(LocalSource(made(tmp_path, config_json=b"{   }", b_json=b"{}")))
    assert listing.read("b.json") == b"{}"
    assert listing.read("gone") is None
    with pytest.raises(SourceError, match="too large"):
        listing.read("config.json")


def snapshot_of_a_cache(tmp_path: Path) -> Path:
    home = tmp_path / "hub" / "models--acme--m"
    for name, data in (("b" * 40, b"{}"), ("c" * 64, b"weights")):
        (home / "blobs").mkdir(parents=True, exist_ok=True)
        (home / "blobs" / name).write_bytes(data)
    place = home / "snapshots" / COMMIT
    place.mkdir(parents=True)
    (place / "config.json").symlink_to("../../blobs/" + "b" * 40)
    (place / "model.bin").symlink_to("../../blobs/" + "c" * 64)
    return place


def test_a_snapshot_of_the_hub_s_cache(tmp_path: Path) -> None:
    place = snapshot_of_a_cache(tmp_path)
    source = LocalSource(place)
    assert source.origin.revision == COMMIT
    assert {a.path: a.expected for a in source.files()} == {
        "config.json": Digest(algorithm="git-sha1", hex="b" * 40),
        "model.bin": Digest(algorithm="sha256", hex="c" * 64),
    }
    assert source.open("model.bin").read_at(0, 99) == b"weights"
    single = LocalSource(place / "model.bin")
    assert single.origin.revision == COMMIT
    assert single.files()[0].expected == Digest(algorithm="sha256", hex="c" * 64)


def test_a_snapshot_s_links_lead_to_its_blobs_only(tmp_path: Path) -> None:
    place = snapshot_of_a_cache(tmp_path)
    (tmp_path / "secret").write_bytes(b"secret")
    (place / "evil.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError, match="leaves the folder"):
        LocalSource(place).open("evil.bin")


def test_nobody_is_asked_about_local_files(tmp_path: Path) -> None:
    about = LocalSource(tmp_path).about()
    assert about.facts == {}
    assert about.unanswered
