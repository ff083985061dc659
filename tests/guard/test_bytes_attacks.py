"""Who changes files while they are loaded, or after: `standard` notices a swap, `strict` loads what was looked at."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload import pipeline
from safeload.errors import Changed
from safeload.guard import neighbours
from tests.guard.deciders import Says

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.heavy

WEIGHTS = "model.safetensors"
Attack = Callable[[Path], None]


@pytest.fixture
def folder(hub_root: Path, tmp_path: Path, hub_env) -> Path:
    """A model in a folder; its weights are a link, as in the cache, to a file of two names."""
    from huggingface_hub import snapshot_download

    place = tmp_path / "shared" / "model"
    shutil.copytree(snapshot_download("acme/tiny-bert"), place)
    blobs = tmp_path / "shared" / "model" / "blobs"
    blobs.mkdir()
    (place / WEIGHTS).rename(blobs / "weights")
    os.link(blobs / "weights", tmp_path / "second-name")
    (place / WEIGHTS).symlink_to(blobs / "weights")
    return place


def poisoned(weights: Path) -> bytes:
    """The same header, the same length, other numbers."""
    raw = weights.read_bytes()
    header = 8 + int.from_bytes(raw[:8], "little")
    return raw[:header] + b"\0" * (len(raw) - header)


def overwrite(folder: Path) -> None:
    evil = poisoned(folder / WEIGHTS)
    with (folder / WEIGHTS).open("r+b") as file:
        file.write(evil)


def overwrite_through_a_mapping(folder: Path) -> None:
    import mmap

    evil = poisoned(folder / WEIGHTS)
    with (folder / WEIGHTS).open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[:] = evil
        mapped.flush()


def overwrite_through_a_hard_link(folder: Path) -> None:
    evil = poisoned(folder / WEIGHTS)
    with (folder.parent.parent / "second-name").open("r+b") as file:
        file.write(evil)


def other(folder: Path) -> Path:
    place = folder.parent.parent / "evil"
    place.write_bytes(poisoned(folder / WEIGHTS))
    return place


def rename_over_the_file(folder: Path) -> None:
    other(folder).replace((folder / WEIGHTS).resolve())


def rename_a_hard_link_over_the_file(folder: Path) -> None:
    place = other(folder)
    os.link(place, folder / "link")
    (folder / "link").replace((folder / WEIGHTS).resolve())


def point_the_link_elsewhere(folder: Path) -> None:
    place = other(folder)
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to(place)


def put_a_file_in_place_of_the_link(folder: Path) -> None:
    other(folder).replace(folder / WEIGHTS)


def exchange_the_whole_folder(folder: Path) -> None:
    """Who can write the folder above needs no right to anything in it."""
    place = folder.with_name("evil-model")
    shutil.copytree(folder, place)
    (place / WEIGHTS).write_bytes(poisoned(place / WEIGHTS))
    folder.rename(folder.with_name("aside"))
    place.rename(folder)


IN_PLACE = (overwrite, overwrite_through_a_mapping, overwrite_through_a_hard_link)
SWAPS = (
    rename_over_the_file,
    rename_a_hard_link_over_the_file,
    point_the_link_elsewhere,
    put_a_file_in_place_of_the_link,
    exchange_the_whole_folder,
)
during = pytest.mark.parametrize("attack", [*IN_PLACE, *SWAPS], ids=lambda attack: attack.__name__)
later = pytest.mark.parametrize("attack", IN_PLACE, ids=lambda attack: attack.__name__)


def load(folder: Path):
    return transformers.AutoModel.from_pretrained(folder)


def weight(model) -> float:
    return float(model.embeddings.word_embeddings.weight.detach().abs().sum())


@pytest.fixture
def at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen when all was looked at and decided on, and nothing loaded yet."""

    def set_up(happens: Callable[[], None]) -> None:
        written = pipeline.write_down

        def write_down(event: str, *args: object, **kwargs: object) -> None:
            written(event, *args, **kwargs)
            if event == "granted":
                happens()

        monkeypatch.setattr(pipeline, "write_down", write_down)

    return set_up


@during
def test_standard_notices_and_gives_nothing(folder: Path, attack: Attack, at_the_last_moment) -> None:
    at_the_last_moment(lambda: attack(folder))
    with safeload.guarded(policy="standard", decider=Says(None)), pytest.raises(Changed, match=r"changed|gone"):
        load(folder)


@during
def test_strict_loads_what_was_looked_at(folder: Path, attack: Attack, at_the_last_moment) -> None:
    right = weight(load(folder).to(torch.float64))
    at_the_last_moment(lambda: attack(folder))
    with safeload.guarded(policy="strict", decider=Says(None)):
        model = load(folder)
    assert weight(model.to(torch.float64)) == right > 0


@during
def test_twin_a_digest_before_the_load_says_nothing_of_what_is_loaded(folder: Path, attack: Attack) -> None:
    known = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    assert hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() == known
    attack(folder)
    assert weight(load(folder)) == 0


@later
def test_strict_weights_stay_when_the_file_is_overwritten_later(folder: Path, attack: Attack) -> None:
    with safeload.guarded(policy="strict", decider=Says(None)):
        model = load(folder)
    before = weight(model)
    attack(folder)
    assert weight(model) == before > 0


@later
@pytest.mark.parametrize("policy", ["", "standard"], ids=["unguarded", "standard"])
def test_twin_mapped_weights_follow_the_file(folder: Path, attack: Attack, policy: str) -> None:
    """What docs/guard.md says of `standard`."""
    if policy:
        with safeload.guarded(policy=policy, decider=Says(None)):
            model = load(folder)
    else:
        model = load(folder)
    assert weight(model) > 0
    attack(folder)
    assert weight(model) == 0


# Shared folders.


def test_a_folder_that_others_can_write_is_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.parent.chmod(0o777)
    neighbours._looked.clear()
    with safeload.guarded(policy="standard", decider=Says(None)):
        load(folder)
        said = capsys.readouterr().err
        load(folder)
    assert f"{folder.parent} can be written by every user" in said
    assert "can be written" not in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("who", ["another user", "everybody"])
def test_a_file_that_others_can_write_is_refused_by_standard_and_copied_by_strict(folder: Path, who: str) -> None:
    weights = (folder / WEIGHTS).resolve()
    if who == "everybody":
        weights.chmod(0o666)
    else:
        os.chown(weights, 12345, 12345)
    with (
        safeload.guarded(policy="standard", decider=Says(None)),
        pytest.raises(safeload.SafeloadError, match=r"another user|every user"),
    ):
        load(folder)
    with safeload.guarded(policy="strict", decider=Says(None)):
        assert weight(load(folder)) > 0
