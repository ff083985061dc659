"""The real huggingface_hub uses the local hub as it uses the Hub."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from hub.server import Hub


def announced(hub: Hub, repo_id: str, path: str) -> str:
    """The SHA-256 that the hub claims for a large file."""
    repo = hub.store.get(repo_id)
    assert repo is not None
    file = repo.commits[-1].file(path)
    assert file is not None and file.sha256 is not None
    return file.sha256


def sha256(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_what_the_hub_says_of_a_model(hub_env: Hub) -> None:
    from huggingface_hub import model_info

    info = model_info("acme/tiny-bert", files_metadata=True, securityStatus=True)
    assert info.sha == hub_env.head("acme/tiny-bert")
    assert info.card_data is not None and info.card_data.license == "apache-2.0"
    assert info.created_at is not None and info.created_at.year == 2024
    weights = next(s for s in info.siblings or [] if s.rfilename == "model.safetensors")
    assert weights.lfs is not None and weights.lfs.sha256 == announced(hub_env, "acme/tiny-bert", "model.safetensors")
    assert info.security_repo_status == {"scansDone": True, "filesWithIssues": []}
    flagged = model_info("mallory/tiny-bert-pwned", securityStatus=True).security_repo_status
    assert flagged is not None
    assert flagged["filesWithIssues"] == [{"path": "pytorch_model.bin", "level": "unsafe"}]


def test_expanded_fields(hub_env: Hub) -> None:
    from huggingface_hub import model_info

    info = model_info("acme/tiny-bert", expand=["safetensors", "evalResults", "downloads", "gated", "usedStorage"])
    assert info.safetensors is not None and info.safetensors.total > 20_000
    assert info.eval_results is not None and info.eval_results[0].verify_token
    assert info.downloads and info.gated is False and info.siblings is None


def test_tree_in_pages(hub_env: Hub) -> None:
    from huggingface_hub import list_repo_tree

    whole = list(list_repo_tree("acme/tiny-bert", recursive=True, expand=True))
    hub_env.page_size = 2
    assert list(list_repo_tree("acme/tiny-bert", recursive=True, expand=True)) == whole
    assert len(hub_env.asked("/tree/")) == 1 + (len(whole) + 1) // 2
    weights = next(f for f in whole if f.path == "model.safetensors")
    assert weights.last_commit is not None and weights.last_commit.title == "Train for longer"


def test_folders(hub_env: Hub) -> None:
    from huggingface_hub import get_paths_info, list_repo_tree

    hub_env.push("acme/folders", {"README.md": b"", "a/b/c.txt": b"1", "a/d.txt": b"2"})
    assert [f.path for f in list_repo_tree("acme/folders")] == ["a", "README.md"]
    assert [f.path for f in list_repo_tree("acme/folders", "a")] == ["a/b", "a/d.txt"]
    paths = [f.path for f in list_repo_tree("acme/folders", recursive=True)]
    assert paths == ["a", "a/b", "README.md", "a/b/c.txt", "a/d.txt"]
    assert [f.path for f in get_paths_info("acme/folders", ["a", "a/d.txt", "none"])] == ["a", "a/d.txt"]


def test_history_and_owners(hub_env: Hub) -> None:
    from huggingface_hub import get_repo_discussions, list_repo_commits, list_repo_refs
    from huggingface_hub.hf_api import HfApi

    commits = list_repo_commits("acme/tiny-bert")
    assert [c.title for c in commits][:2] == ["Add a model card", "Train for longer"]
    assert {name for c in commits for name in c.authors} == {"alice", "bob"}
    assert list_repo_refs("acme/tiny-bert").branches[0].target_commit == commits[0].commit_id
    assert [d.title for d in get_repo_discussions("acme/tiny-bert")] == ["Which split?"]
    assert HfApi().get_organization_overview("acme").is_verified is True
    assert HfApi().get_organization_overview("nice").is_verified is False
    assert HfApi().get_user_overview("mallory").num_followers == 0


@pytest.mark.parametrize("path", ["config.json", "model.safetensors"])
def test_download_then_cache(hub_env: Hub, path: str) -> None:
    from huggingface_hub import hf_hub_download

    first = hf_hub_download("acme/tiny-bert", path)
    whole = len(hub_env.requests)
    assert hf_hub_download("acme/tiny-bert", path, revision=hub_env.head("acme/tiny-bert")) == first
    assert len(hub_env.requests) == whole, "a cached file of a known commit needs no request"
    if path.endswith(".safetensors"):
        assert Path(first).resolve().name == announced(hub_env, "acme/tiny-bert", path) == sha256(first)
        assert hub_env.asked("/cdn/")[0]["host"].startswith("localhost")


def test_older_commit_by_its_id(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download, list_repo_commits

    older = list_repo_commits("acme/tiny-bert")[2].commit_id
    now = hf_hub_download("acme/tiny-bert", "model.safetensors")
    assert sha256(hf_hub_download("acme/tiny-bert", "model.safetensors", revision=older)) != sha256(now)


def test_snapshot_and_its_checksums(hub_env: Hub) -> None:
    from huggingface_hub import HfApi, snapshot_download

    folder = Path(snapshot_download("acme/tiny-bert"))
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {p.name for p in folder.iterdir()}
    assert HfApi().verify_repo_checksums("acme/tiny-bert").mismatches == []


def test_safetensors_headers(hub_env: Hub) -> None:
    from huggingface_hub import HfApi

    one = HfApi().get_safetensors_metadata("acme/tiny-bert")
    many = HfApi().get_safetensors_metadata("acme/tiny-gpt-sharded")
    at_once = HfApi().get_sharded_safetensors_metadata("acme/tiny-gpt-sharded")
    assert not one.sharded and len(many.files_metadata) > 1
    assert at_once.weight_map == many.weight_map


def test_ranges(hub: Hub) -> None:
    url = f"{hub.endpoint}/acme/tiny-bert/resolve/main/model.safetensors"
    with httpx.Client(follow_redirects=True) as client:
        whole = client.get(url).content
        for asked, expected in {
            "bytes=0-7": whole[:8],
            "bytes=100-199": whole[100:200],
            "bytes=-10": whole[-10:],
            f"bytes={len(whole) - 5}-": whole[-5:],
            f"bytes=0-{len(whole) + 99}": whole,
        }.items():
            answer = client.get(url, headers={"Range": asked})
            assert (answer.status_code, answer.content) == (206, expected), asked
        beyond = client.get(url, headers={"Range": f"bytes={len(whole)}-"})
        assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
        parts = client.get(url, headers={"Range": "bytes=0-3,8-11"})
        assert parts.headers["Content-Type"].startswith("multipart/byteranges")
        assert whole[8:12] in parts.content
    assert hub.asked("/cdn/")[-1]["range"] == "bytes=0-3,8-11"


def test_what_is_not_there(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download, model_info
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    for repo_id in ("acme/none", "nobody/none", "none"):
        with pytest.raises(RepositoryNotFoundError):
            model_info(repo_id)
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download("acme/tiny-bert", "config.json", revision="strange\r\nX-Injected: 1\u202e")
    with pytest.raises(RevisionNotFoundError):
        model_info("acme/tiny-bert", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("acme/tiny-bert", "none.json")


def test_locked_doors(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download, model_info
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

    assert model_info("acme/gated").gated == "manual"
    for token in (None, "hf_stranger"):
        with pytest.raises(GatedRepoError):
            hf_hub_download("acme/gated", "config.json", token=token)
        with pytest.raises(RepositoryNotFoundError) as error:
            model_info("acme/private", token=token)
        assert not isinstance(error.value, GatedRepoError)
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        hf_hub_download("acme/gated", "config.json", token="hf_unheard_of")
    assert Path(hf_hub_download("acme/gated", "model.safetensors", token="hf_demo")).exists()
    assert model_info("acme/private", token="hf_demo").private


def test_a_token_stays_with_the_hub(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    hf_hub_download("acme/gated", "model.safetensors", token="hf_demo")
    assert {bool(r["auth"]) for r in hub_env.asked("/resolve/")} == {True}
    assert {bool(r["auth"]) for r in hub_env.asked("/cdn/")} == {False}, "the token went to another host"


def test_links_to_files_are_signed(hub: Hub) -> None:
    where = f"/acme/gated/{hub.head('acme/gated')}/model.safetensors"
    assert httpx.get(f"{hub.cdn}{where}").status_code == 403
    assert httpx.get(f"{hub.cdn}{where}?sig={hub.signature(where)}").status_code == 200


def test_a_push_moves_main_until_reset(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    before = hub_env.head("acme/tiny-bert")
    after = hub_env.push("acme/tiny-bert", {"config.json": b"{}"})
    assert after != before == hub_env.store.get("acme/tiny-bert").commits[-2].id  # type: ignore[union-attr]
    assert Path(hf_hub_download("acme/tiny-bert", "config.json")).read_bytes() == b"{}"
    hub_env.reset()
    assert hub_env.head("acme/tiny-bert") == before


def test_one_file_with_two_faces(hub: Hub) -> None:
    for name, whole_is_announced in {"two-faced": True, "two-faced-quiet": False}.items():
        url = f"{hub.endpoint}/mallory/{name}/resolve/main/pytorch_model.bin"
        whole = httpx.get(url, follow_redirects=True).content
        by_range = httpx.get(url, headers={"Range": "bytes=0-"}, follow_redirects=True).content
        assert len(whole) == len(by_range)
        assert b"posix" in whole and b"posix" not in by_range
        claimed = announced(hub, f"mallory/{name}", "pytorch_model.bin")
        assert claimed == hashlib.sha256(whole if whole_is_announced else by_range).hexdigest()


def test_a_lying_file_has_the_size_but_not_the_hash(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    path = hf_hub_download("mallory/liar", "model.safetensors")
    assert Path(path).resolve().name == announced(hub_env, "mallory/liar", "model.safetensors") != sha256(path)


def test_files_that_are_not_what_they_are_called(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download, model_info

    broken = {"config.json": b"[", "model.safetensors": b"\xff" * 64, "empty.safetensors": b"", "x.bin": b""}
    hub_env.push("mallory/broken", broken)
    assert len(model_info("mallory/broken", files_metadata=True).siblings or []) == 4
    for path, content in broken.items():
        assert Path(hf_hub_download("mallory/broken", path)).read_bytes() == content
