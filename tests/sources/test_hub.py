"""The real hub client against the local hub: commits, ranges, downloads, the cache, and everything that goes wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safeload import limits
from safeload.errors import AccessDenied, Misbehaved, NotFound, SafeloadError, SourceError, Unreachable
from safeload.sources.hub import HubSource
from safeload.sources.interface import Digest, OriginKind, Silent

if TYPE_CHECKING:
    from hub.server import Hub

BERT = "acme/tiny-bert"
pytestmark = pytest.mark.usefixtures("hub_env")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Timeouts of a fraction of a second, also where the hub client has its own."""
    from huggingface_hub import constants

    for name, value in (("CONNECT_TIMEOUT", 0.3), ("READ_TIMEOUT", 0.3), ("ABOUT_SECONDS", 1.0)):
        monkeypatch.setattr(limits, name, value)
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None, raising=False)
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    return


class Watching(Silent):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def bytes(self, done: int, total: int | None) -> None:
        self.seen.append((done, total))


def test_one_request_gives_the_commit_and_every_file(hub: Hub) -> None:
    source = HubSource(BERT)
    assert source.origin.kind is OriginKind.HUB
    assert source.origin.revision == hub.head(BERT)
    files = {a.path: a for a in source.files()}
    assert len(hub.requests) == 1
    weights, config = files["model.safetensors"], files["config.json"]
    assert weights.expected is not None and weights.expected.algorithm == "sha256"
    assert config.expected is not None and config.expected.algorithm == "git-sha1"
    assert all(a.size is not None and a.digest is None for a in files.values())


def test_every_later_request_names_the_commit(hub: Hub) -> None:
    source = HubSource(BERT)
    before = hub.head(BERT)
    after = hub.push(BERT, {"config.json": b"{}"})
    assert after != before
    source.open("config.json").read_at(0, 10)
    source.fetch(["config.json"], Silent())
    source.about()
    later = [r["path"] for r in hub.requests[1:] if BERT in r["path"]]
    assert later
    assert all(before in path for path in later)
    assert HubSource(BERT).origin.revision == after


def test_few_ranges_of_a_large_file(hub: Hub) -> None:
    source = HubSource("acme/tiny-bert-bin")
    size = {a.path: a.size for a in source.files()}["pytorch_model.bin"]
    assert size is not None
    reader: Any = source.open("pytorch_model.bin")
    hub.requests.clear()
    tail = reader.read_at(size - 22, 22)
    assert tail[:4] == b"PK\5\6"
    assert reader.read_at(0, 4) == b"PK\3\4"
    assert len(hub.requests) <= 3  # the address, once; the tail; the head
    assert reader.requests == len(hub.requests)
    assert not hub.asked(method="HEAD")


def test_what_was_read_by_ranges_is_not_asked_for_again(hub: Hub) -> None:
    source = HubSource(BERT)
    for _ in range(3):
        reader = source.open("config.json")
        reader.read_at(0, 100)
        reader.close()
    assert len(hub.asked("config.json")) == 1


def test_readers_are_kept_within_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RANGE_READERS", 2)
    source = HubSource(BERT)
    for artifact in source.files():
        source.open(artifact.path)
    assert len(source._readers) == 2


def test_after_a_download_the_local_bytes_are_read(hub: Hub) -> None:
    """What was served by ranges and what came by download are compared: they must not be confused."""
    source = HubSource("mallory/two-faced")
    ranged = source.open("pytorch_model.bin")
    before = ranged.read_at(0, ranged.size or 0)
    source.fetch(["pytorch_model.bin"], Silent())
    local = source.open("pytorch_model.bin")
    assert local.read_at(0, local.size or 0) != before


def test_ranges_and_the_download_give_the_same_bytes(hub: Hub) -> None:
    source = HubSource(BERT)
    size = {a.path: a.size for a in source.files()}["model.safetensors"] or 0
    ranged = source.open("model.safetensors").read_at(0, size)
    watching = Watching()
    assert source.cached("model.safetensors") is None
    places = source.fetch(["model.safetensors", "config.json"], watching)
    assert places["model.safetensors"].read_bytes() == ranged
    assert places["model.safetensors"] == source.cached("model.safetensors")
    assert watching.seen and watching.seen[-1][0] > 0
    hub.requests.clear()
    assert source.open("model.safetensors").fileno() is not None
    source.fetch(["model.safetensors"], Silent())
    assert hub.requests == []


def test_no_progress_bar_is_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    from huggingface_hub.utils import are_progress_bars_disabled

    before = are_progress_bars_disabled()
    HubSource(BERT).fetch(["model.safetensors"], Silent())
    assert capfd.readouterr() == ("", "")
    assert are_progress_bars_disabled() is before


@pytest.mark.parametrize(
    ("name", "revision", "kind", "says"),
    [
        ("no/such", None, NotFound, "or it is private"),
        ("acme/private", None, NotFound, "or it is private"),
        (BERT, "no-such-branch", NotFound, "no such revision"),
        (BERT, "f" * 40, NotFound, "no such revision"),
    ],
)
def test_what_is_not_there(name: str, revision: str | None, kind: type[SafeloadError], says: str) -> None:
    with pytest.raises(kind, match=says) as caught:
        HubSource(name, revision=revision)
    assert caught.value.next
    assert "Traceback" not in str(caught.value)


def test_a_file_that_is_not_there() -> None:
    source = HubSource(BERT)
    assert source.cached("no.bin") is None
    for act in (lambda: source.open("no.bin"), lambda: source.fetch(["no.bin"], Silent())):
        with pytest.raises(NotFound, match=r"no\.bin"):
            act()


def test_a_gated_repository_says_where_to_ask(hub: Hub) -> None:
    source = HubSource("acme/gated")
    for act in (
        lambda: source.open("config.json").read_at(0, 9),
        lambda: source.fetch(["config.json"], Silent()),
    ):
        with pytest.raises(AccessDenied, match="gated") as caught:
            act()
        assert f"{hub.endpoint}/acme/gated" in caught.value.next
        assert "hf auth login" in caught.value.next


@pytest.mark.parametrize("name", ["acme/gated", "acme/private"])
def test_a_token_opens_it_and_leaves_no_trace(name: str, hub: Hub) -> None:
    source = HubSource(name, token="hf_demo")
    assert source.open("config.json").read_at(0, 1) == b"{"
    source.open("model.safetensors").read_at(0, 8)
    assert source.fetch(["config.json"], Silent())
    assert "hf_demo" not in repr(source.origin)


def test_the_token_of_the_environment_is_the_client_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_demo")
    assert HubSource("acme/private").files()


# A server that is down, slow, or wrong.


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_is_down(hub: Hub) -> None:
    hub.down()
    with pytest.raises(Unreachable, match=hub.endpoint) as caught:
        HubSource(BERT)
    assert caught.value.next


@pytest.mark.usefixtures("impatient")
def test_a_hub_that_hangs(hub: Hub) -> None:
    hub.fault(BERT, kind="hang")
    with pytest.raises(Unreachable, match="in time"):
        HubSource(BERT)


@pytest.mark.usefixtures("impatient")
def test_a_file_that_hangs(hub: Hub) -> None:
    source = HubSource(BERT)
    hub.fault(BERT, "model.safetensors", kind="hang")
    with pytest.raises(Unreachable):
        source.open("model.safetensors").read_at(0, 10)
    with pytest.raises(Unreachable):
        source.fetch(["model.safetensors"], Silent())


@pytest.mark.parametrize("status", [500, 502, 503, 429])
@pytest.mark.usefixtures("impatient")
def test_a_hub_with_a_problem(hub: Hub, status: int) -> None:
    hub.fault(BERT, kind="error", status=status)
    with pytest.raises(Unreachable):
        HubSource(BERT)


@pytest.mark.parametrize("kind", ["html", "bad-json"])
@pytest.mark.usefixtures("impatient")
def test_a_captive_portal(hub: Hub, kind: Any) -> None:
    hub.fault(BERT, kind=kind)
    with pytest.raises(Misbehaved, match="makes no sense"):
        HubSource(BERT)


RANGE_FAULTS = ["range-ignored", "range-shifted", "range-mislabelled", "range-short"]


@pytest.mark.parametrize("kind", RANGE_FAULTS)
def test_ranges_that_are_wrong(hub: Hub, kind: Any) -> None:
    source = HubSource(BERT)
    hub.fault(BERT, "model.safetensors", kind=kind)
    with pytest.raises(SourceError) as caught:
        source.open("model.safetensors").read_at(0, 100)
    assert isinstance(caught.value, (Misbehaved, Unreachable))


def test_ranges_that_are_cut_off(hub: Hub) -> None:
    source = HubSource(BERT)
    hub.fault(BERT, "model.safetensors", kind="cut", after=10)
    with pytest.raises(Unreachable):
        source.open("model.safetensors").read_at(0, 100)
    hub.faults.clear()
    hub.fault(BERT, "model.safetensors", kind="cut", after=10, times=1)
    assert len(source.open("model.safetensors").read_at(0, 100)) == 100


@pytest.mark.parametrize("kind", ["cut", "truncated", "error", "no-commit", "head-size", "html"])
@pytest.mark.usefixtures("impatient")
def test_a_download_that_fails_leaves_nothing_behind(hub: Hub, kind: Any, isolated: Path) -> None:
    source = HubSource(BERT)
    hub.fault(BERT, "model.safetensors", kind=kind)
    with pytest.raises(SourceError):
        source.fetch(["model.safetensors"], Silent())
    assert source.cached("model.safetensors") is None
    kept = [p for p in isolated.rglob("*") if p.is_file() and p.stat().st_size > 1000]
    # Clients before 1.0 keep what they have under this name, to go on from there.
    assert [p for p in kept if p.suffix != ".incomplete"] == []


def test_a_lying_file_is_recognised_by_what_was_announced(hub: Hub) -> None:
    source = HubSource("mallory/liar")
    weights = next(a for a in source.files() if a.expected is not None and a.expected.algorithm == "sha256")
    place = source.fetch([weights.path], Silent())[weights.path]
    import hashlib

    found = Digest(algorithm="sha256", hex=hashlib.sha256(place.read_bytes()).hexdigest())
    # The hub client stores it under the announced name: only a digest of the bytes tells.
    assert found != weights.expected


@pytest.mark.parametrize(
    "sibling",
    [{"rfilename": "../evil"}, {"rfilename": "/etc/passwd"}, {"rfilename": "a//b"}, {"rfilename": ""},
     {"rfilename": "a\0b"}, {"rfilename": 7}, {"rfilename": None}],
)  # fmt: skip
def test_file_names_that_lead_elsewhere(sibling: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    info_with(monkeypatch, siblings=[{"size": 1, "blobId": "a" * 40, **sibling}])
    with pytest.raises(Misbehaved):
        HubSource(BERT)


@pytest.mark.parametrize(
    "facts",
    [{"sha": None}, {"sha": "main"}, {"sha": 5}, {"siblings": None}, {"siblings": "x"}, {"siblings": [7]},
     {"siblings": [{"rfilename": "a", "size": 1}, {"rfilename": "a", "size": 1}]}],
)  # fmt: skip
def test_answers_of_the_wrong_shape(facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    info_with(monkeypatch, **facts)
    with pytest.raises(Misbehaved):
        HubSource(BERT)


def test_another_commit_than_the_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    info_with(monkeypatch, sha="b" * 40)
    with pytest.raises(Misbehaved, match="another commit"):
        HubSource(BERT, revision="a" * 40)


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FILES", 2)
    with pytest.raises(SourceError, match="more than 2 files"):
        HubSource(BERT)


def test_a_mirror_that_leaves_sizes_out(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {a.path: a for a in HubSource(BERT).files()}
    info_with(monkeypatch, sha=hub.head(BERT), siblings=[{"rfilename": path} for path in whole])
    assert {a.path: a for a in HubSource(BERT).files()} == whole
    assert hub.asked("/tree/")


def info_with(monkeypatch: pytest.MonkeyPatch, **facts: Any) -> None:
    """Have the hub client get these facts, and parse them itself."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo

    def answered(self: HfApi, repo_id: str, **_: Any) -> ModelInfo:
        return ModelInfo(**{"id": repo_id, "sha": "a" * 40, "siblings": [], **facts})

    monkeypatch.setattr(HfApi, "model_info", answered)


# The cache.


@pytest.fixture
def offline(hub_env: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def downloaded(name: str = BERT, revision: str | None = None) -> str:
    """As if `from_pretrained` had been here: by branch, so that the cache knows where it pointed to."""
    from huggingface_hub import hf_hub_download

    for path in ("config.json", "model.safetensors"):
        place = hf_hub_download(name, path, revision=revision)
    return Path(place).parent.name


def test_offline_the_cache_answers(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    online = {a.path: a for a in HubSource(BERT).files()}
    commit = downloaded()
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.requests.clear()
    for revision in (None, "main", commit):
        source = HubSource(BERT, revision=revision)
        assert source.origin.revision == commit
        found = {a.path: a for a in source.files()}
        assert sorted(found) == ["config.json", "model.safetensors"]
        assert all(found[path] == online[path] for path in found)
        assert source.open("config.json").read_at(0, 1) == b"{"
        assert source.fetch(["config.json"], Silent())["config.json"].exists()
        assert source.about().unanswered
    with pytest.raises(NotFound):
        HubSource(BERT).open("tokenizer.json")
    assert hub.requests == []


@pytest.mark.parametrize("revision", [None, "v1", "../../etc", "a" * 40])
@pytest.mark.usefixtures("offline")
def test_offline_without_a_cache(hub: Hub, revision: str | None) -> None:
    with pytest.raises(NotFound, match="offline") as caught:
        HubSource(BERT, revision=revision)
    assert "HF_HUB_OFFLINE" in caught.value.next
    assert hub.requests == []


@pytest.mark.usefixtures("impatient")
def test_without_a_network_the_cache_answers(hub: Hub) -> None:
    commit = downloaded()
    hub.down()
    source = HubSource(BERT)
    assert source.origin.revision == commit
    assert source.open("config.json").read_at(0, 1) == b"{"
    assert "organisation" in source.about().unanswered


def test_a_reference_in_the_cache_that_is_no_commit(isolated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloaded()
    (ref,) = isolated.rglob("refs/main")
    ref.write_text("../../../evil")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotFound):
        HubSource(BERT)


def test_a_stray_reference_does_not_redirect_a_commit(isolated: Path, hub: Hub) -> None:
    """`refs/<commit>` sends the hub client's own look-up to another snapshot."""
    old = downloaded()
    new = hub.push(BERT, {"config.json": b'{"other": 1}'})
    (main,) = isolated.rglob("refs/main")
    (main.parent / new).write_text(old)
    assert HubSource(BERT, revision=new).cached("config.json") is None


def test_a_read_only_cache_is_one_clear_error(isolated: Path) -> None:
    if os.getuid() == 0:
        pytest.skip("root writes everywhere")
    source = HubSource(BERT)
    (isolated / "hf").mkdir(exist_ok=True)
    (isolated / "hf").chmod(0o500)
    with pytest.raises(SourceError, match="could not be stored"):
        source.fetch(["config.json"], Silent())


def test_a_full_disk_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = HubSource(BERT)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", full)
    with pytest.raises(SourceError, match="No space left"):
        source.fetch(["config.json"], Silent())
