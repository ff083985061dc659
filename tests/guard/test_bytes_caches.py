"""Caches as they are found: shared, poisoned, without links, half filled, used by two at once; under both levels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import safeload
from safeload.errors import Misbehaved, NotLoaded, SafeloadError
from tests.guard.deciders import Says
from tests.guard.test_bytes_attacks import WEIGHTS, poisoned, weight

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
huggingface_hub = pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.heavy

NAME = "acme/tiny-bert"
levels = pytest.mark.parametrize("level", ["standard", "strict"])


@pytest.fixture
def snapshot(hub_env) -> Path:
    return Path(huggingface_hub.snapshot_download(NAME))


def load(target: str | Path = NAME, **options):
    return transformers.AutoModel.from_pretrained(target, **options)


def guarded(level: str, target: str | Path = NAME, **options):
    with safeload.guarded(policy=level, decider=Says(None)):
        return load(target, **options)


def unlinked(snapshot: Path) -> None:
    """As the client fills a cache where there are no symbolic links."""
    for path in snapshot.iterdir():
        real = path.resolve()
        path.unlink()
        shutil.move(real, path)


def shared(snapshot: Path) -> Path:
    """As the client keeps what came by Xet: a repository's blob is a link into a store of all repositories."""
    blob = (snapshot / WEIGHTS).resolve()
    store = snapshot.parents[2] / "blobs" / "ab" / ("ab" + "0" * 62)
    store.parent.mkdir(parents=True)
    blob.rename(store)
    blob.symlink_to(os.path.relpath(store, blob.parent))
    return store


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


@levels
@pytest.mark.parametrize("layout", ["links", "copies", "shared store", "a link to the cache"])
def test_every_layout_of_a_cache_loads_in_silence(snapshot: Path, level: str, layout: str) -> None:
    plain = weight(load())
    cache = snapshot.parents[2]
    if layout == "copies":
        unlinked(snapshot)
    elif layout == "shared store":
        shared(snapshot)
    elif layout == "a link to the cache":
        cache.rename(cache.with_name("elsewhere"))
        cache.symlink_to(cache.with_name("elsewhere"))
    assert weight(guarded(level)) == plain > 0


@levels
@pytest.mark.parametrize("network", ["online", "offline"])
@pytest.mark.parametrize("layout", ["links", "copies", "shared store"])
def test_a_poisoned_cache_is_refused_by_the_hub_s_word(
    snapshot: Path, level: str, layout: str, network: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = snapshot / WEIGHTS
    evil = poisoned(place)
    if layout == "copies":
        unlinked(snapshot)
    elif layout == "shared store":
        place = shared(snapshot)
    place = place.resolve()
    place.chmod(0o644)
    place.write_bytes(evil)
    if network == "offline":
        offline(monkeypatch)
    with pytest.raises(
        Misbehaved, match=r"model\.safetensors is not the file .*expected sha256:.*found sha256:.*Delete"
    ):
        guarded(level)
    assert weight(load()) == 0, "the twin: without the guard it is loaded"


@levels
def test_a_link_that_leads_to_a_file_of_its_own_name_is_refused_offline(
    snapshot: Path, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of blobs prove nothing to who can write them; the listing of the commit is older than the attack."""
    import hashlib

    evil = poisoned(snapshot / WEIGHTS)
    blob = (snapshot / WEIGHTS).resolve().with_name(hashlib.sha256(evil).hexdigest())
    blob.write_bytes(evil)
    (snapshot / WEIGHTS).unlink()
    (snapshot / WEIGHTS).symlink_to(os.path.relpath(blob, snapshot))
    offline(monkeypatch)
    with pytest.raises(Misbehaved):
        guarded(level)
    assert weight(load()) == 0


@levels
def test_a_server_that_sends_other_bytes_of_the_same_length_is_refused(hub_env, level: str) -> None:
    with pytest.raises(Misbehaved, match="expected"):
        guarded(level, "mallory/liar")
    assert load("mallory/liar") is not None, "the twin: the client compares lengths"


@levels
@pytest.mark.parametrize("name", ["mallory/two-faced", "mallory/two-faced-quiet"])
def test_a_server_that_shows_clean_ranges_is_refused(hub_env, level: str, name: str, marker: Path) -> None:
    with pytest.raises(SafeloadError), safeload.guarded(policy=level, decider=Says(None)):
        safeload.load(name, loader="torch")
    assert not marker.exists()


@pytest.mark.parametrize("name", ["mallory/two-faced", "mallory/two-faced-quiet"])
def test_twin_what_it_sends_runs(hub_env, name: str, marker: Path) -> None:
    path = huggingface_hub.hf_hub_download(name, "pytorch_model.bin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
        torch.load(path, weights_only=False)
    assert marker.exists()


@levels
def test_a_cache_that_another_process_is_filling_is_waited_for(hub_env, level: str) -> None:
    """Half a file lies beside, under the client's lock: it is not taken for the file."""
    from filelock import FileLock

    probe = Path(huggingface_hub.hf_hub_download(NAME, WEIGHTS))
    home, etag = probe.parents[2], probe.resolve().name
    raw = probe.resolve().read_bytes()
    shutil.rmtree(home)
    (home / "blobs").mkdir(parents=True)
    (home / "blobs" / f"{etag}.incomplete").write_bytes(raw[: len(raw) // 2])
    place = home.parent / ".locks" / home.name / f"{etag}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place, thread_local=False)
    lock.acquire()
    with ThreadPoolExecutor(1) as pool:
        threading.Timer(1.0, lambda: lock.release(force=True)).start()
        made = pool.submit(guarded, level)
        assert weight(made.result(60)) > 0
    assert probe.resolve().read_bytes() == raw


@levels
def test_two_loads_at_once_in_one_process(hub_env, level: str) -> None:
    with safeload.guarded(policy=level, decider=Says(None)), ThreadPoolExecutor(4) as pool:
        made = [pool.submit(load) for _ in range(4)]
        assert len({weight(one.result(60)) for one in made}) == 1


@levels
def test_two_loads_at_once_in_two_processes(hub_env, child_env, level: str) -> None:
    program = (
        "import safeload, transformers\n"
        f"with safeload.guarded(policy={level!r}):\n"
        f"    model = transformers.AutoModel.from_pretrained({NAME!r})\n"
        "print(float(model.embeddings.word_embeddings.weight.abs().sum()))\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program], env=child_env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [one.communicate(timeout=100)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert said[0] == said[1]


def test_strict_denies_a_file_that_was_refused_nothing_else(hub_env) -> None:
    with pytest.raises(NotLoaded):
        guarded("strict", "mallory/tiny-bert-pwned", use_safetensors=False)
