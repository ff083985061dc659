"""No test reaches the network, a secret, or the homes of another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hub.server import Hub

WHERE = """
import os
from huggingface_hub import constants, get_token
print(constants.ENDPOINT, constants.HF_HUB_CACHE, get_token())
"""


def test_homes_are_under_tmp_path(isolated: Path, tmp_path: Path) -> None:
    assert isolated == tmp_path
    for name in ("HF_HOME", "SAFELOAD_HOME", "SAFELOAD_DEMO_MARKER"):
        assert Path(os.environ[name]).is_relative_to(tmp_path)


def test_a_token_of_the_person_who_runs_the_tests_is_gone(
    pytester_home: Path, hub: Hub, child_env: dict[str, str]
) -> None:
    child = subprocess.run([sys.executable, "-c", WHERE], env=child_env, capture_output=True, text=True, check=True)
    endpoint, cache, token = child.stdout.split()
    assert endpoint == hub.endpoint and Path(cache).is_relative_to(child_env["HF_HOME"]) and token == "None"


@pytest.fixture
def pytester_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine where somebody is logged in."""
    monkeypatch.setenv("HF_TOKEN", "hf_somebodys_own")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "their-cache"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    return tmp_path


def test_without_the_hub_nothing_is_reached() -> None:
    from huggingface_hub import model_info

    with pytest.raises(Exception, match="refused"):
        model_info("acme/tiny-bert", timeout=2)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own_cache(hub_env: Hub, tmp_path: Path, turn: int) -> None:
    from huggingface_hub import hf_hub_download, scan_cache_dir, try_to_load_from_cache

    assert try_to_load_from_cache("acme/tiny-bert", "config.json") is None
    path = Path(hf_hub_download("acme/tiny-bert", "config.json"))
    assert path.is_relative_to(tmp_path)
    assert [repo.repo_id for repo in scan_cache_dir().repos] == ["acme/tiny-bert"]


@pytest.mark.parametrize("turn", [1, 2])
def test_repository_code_stays_with_its_test(hub_env: Hub, tmp_path: Path, turn: int) -> None:
    from transformers import AutoModel

    before = {name for name in sys.modules if name.startswith("transformers_modules.")}
    model: Any = AutoModel.from_pretrained("nice/remote-code", trust_remote_code=True)
    assert before == set()
    assert Path(sys.modules[type(model).__module__].__file__ or "").is_relative_to(tmp_path)
