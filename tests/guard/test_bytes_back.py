"""Who exchanges a file for the time of the load, and puts everything back before anybody looks again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload.errors import Changed
from safeload.guard import vault
from tests.guard.deciders import Says
from tests.guard.test_bytes_attacks import WEIGHTS, at_the_last_moment, folder, load, other, overwrite, torch, weight

__all__ = ["at_the_last_moment", "folder"]  # fixtures
pytestmark = pytest.mark.heavy


def rename_over_the_file_and_back(folder: Path) -> Callable[[], None]:
    blob, aside = (folder / WEIGHTS).resolve(), folder / "aside"
    evil = other(folder)
    blob.rename(aside)
    evil.replace(blob)
    return lambda: aside.replace(blob) and None


def point_the_link_elsewhere_and_back(folder: Path) -> Callable[[], None]:
    aside = folder / "aside"
    evil = other(folder)
    (folder / WEIGHTS).rename(aside)
    (folder / WEIGHTS).symlink_to(evil)
    return lambda: aside.replace(folder / WEIGHTS) and None


def overwrite_and_back(folder: Path) -> Callable[[], None]:
    place = folder / WEIGHTS
    right, times = place.read_bytes(), place.stat()
    overwrite(folder)

    def back() -> None:
        place.write_bytes(right)
        os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))

    return back


@pytest.mark.parametrize("policy", ["standard", "strict"])
@pytest.mark.parametrize(
    "attack",
    [rename_over_the_file_and_back, point_the_link_elsewhere_and_back, overwrite_and_back],
    ids=lambda attack: attack.__name__,
)
def test_who_puts_it_back_before_anybody_looks_again_gains_nothing(
    folder: Path, attack: Callable[[Path], Callable[[], None]], policy: str, at_the_last_moment, monkeypatch
) -> None:
    right = weight(load(folder).to(torch.float64))
    backs: list[Callable[[], None]] = []
    real = vault.recheck

    def back(held) -> None:
        while backs:
            backs.pop()()
        assert hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() == known
        real(held)

    known = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    at_the_last_moment(lambda: backs.append(attack(folder)))
    monkeypatch.setattr(vault, "recheck", back)
    with safeload.guarded(policy=policy, decider=Says(None)):
        if policy == "strict":
            assert weight(load(folder).to(torch.float64)) == right > 0
        else:
            with pytest.raises(Changed, match="changed"):
                load(folder)
    assert not backs, "the attack took place"


@pytest.mark.parametrize(
    "attack", [rename_over_the_file_and_back, point_the_link_elsewhere_and_back, overwrite_and_back]
)
def test_twin_the_file_is_the_same_before_and_after_and_another_was_loaded(
    folder: Path, attack: Callable[[Path], Callable[[], None]]
) -> None:
    before = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    back = attack(folder)
    loaded = weight(load(folder).to(torch.float64))
    back()
    assert hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() == before
    assert loaded == 0
