"""What people type, and which source it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from safeload.errors import NotFound, SafeloadError, UsageError
from safeload.sources import hub
from safeload.sources.interface import OriginKind
from safeload.sources.registry import open_source


class Named(Exception):
    """Where the hub would have been asked."""


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str, *, revision: str | None = None, **_: Any) -> None:
        raise Named(name, revision)

    monkeypatch.setattr(hub, "HubSource", asked)


@pytest.mark.parametrize(
    ("target", "revision", "asked"),
    [
        ("acme/tiny-bert", None, ("acme/tiny-bert", None)),
        ("gpt2", None, ("gpt2", None)),
        (" acme/tiny-bert ", None, ("acme/tiny-bert", None)),
        ("acme/tiny-bert@v1", None, ("acme/tiny-bert", "v1")),
        ("acme/tiny-bert@refs/pr/3", None, ("acme/tiny-bert", "refs/pr/3")),
        ("acme/tiny-bert", "v1", ("acme/tiny-bert", "v1")),
        ("acme/tiny-bert@v1", "v1", ("acme/tiny-bert", "v1")),
    ],
)
@pytest.mark.usefixtures("no_hub")
def test_a_repository(target: str, revision: str | None, asked: tuple[str, str | None]) -> None:
    with pytest.raises(Named) as caught:
        open_source(target, revision=revision)
    assert caught.value.args == asked


@pytest.mark.parametrize(
    "target",
    ["", "  ", "a/b/c", "acme/", "acme/tiny-bert@", "https://huggingface.co/acme/x", "acme/../x", "acme/a--b",
     "a b", "nul\0", "-x/y", "acme/x.git", "file://other-host/x", "file:", "é/x", "x" * 97],
)  # fmt: skip
@pytest.mark.usefixtures("no_hub")
def test_text_that_names_nothing(target: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(target)
    assert caught.value.next


@pytest.mark.usefixtures("no_hub")
def test_two_revisions_are_refused() -> None:
    with pytest.raises(UsageError, match="Two revisions"):
        open_source("acme/x@one", revision="two")


@pytest.mark.parametrize(
    "spelling", ["./{}", "{}", "file:{cwd}/{}", "file://{cwd}/{}", "file://localhost{cwd}/{}", "{cwd}/{}"]
)
@pytest.mark.usefixtures("no_hub")
def test_a_path(spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pkl").write_bytes(b"N.")
    source = open_source(spelling.format("model.pkl", cwd=tmp_path))
    assert source.origin.kind is OriginKind.LOCAL
    assert source.origin.name == str(tmp_path / "model.pkl")


@pytest.mark.usefixtures("no_hub")
def test_a_folder_here_wins_over_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme" / "tiny-bert").mkdir(parents=True)
    assert open_source("acme/tiny-bert", revision="main").origin.kind is OriginKind.LOCAL
    with pytest.raises(Named):
        open_source("acme/tiny-bert@main")


@pytest.mark.parametrize("target", ["./gone", "~/safeload-gone", "/gone/away", "../gone", "file:///gone"])
@pytest.mark.usefixtures("no_hub")
def test_a_path_that_is_not_there(target: str) -> None:
    with pytest.raises(NotFound, match="There is no"):
        open_source(target)


def test_a_name_without_owner_may_be_a_file_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(name: str, **_: Any) -> None:
        raise NotFound("There is no repository.", next="Check.")

    monkeypatch.setattr(hub, "HubSource", asked)
    with pytest.raises(SafeloadError, match=r"no file model\.pkl here"):
        open_source("model.pkl")
