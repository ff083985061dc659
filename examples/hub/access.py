"""Who may see which repository."""

from __future__ import annotations

from collections.abc import Mapping

from hub.store import Repo, Store

TOKENS: Mapping[str, frozenset[str]] = {
    # Made up. What each account may open beyond the public repositories.
    "hf_demo": frozenset({"acme/gated", "acme/private"}),
    "hf_stranger": frozenset(),
}


class Refused(Exception):
    """An answer in place of the one that was asked for."""

    def __init__(self, status: int, code: str, message: str, *, commit: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.commit = status, code, message, commit


def token_of(authorization: str) -> str | None:
    """The token of an Authorization header, None without one. Raises `Refused` for one that nobody has."""
    token = authorization.removeprefix("Bearer ")
    if authorization and token not in TOKENS:
        raise Refused(401, "", "Invalid credentials in Authorization header")
    return token or None


def visible(store: Store, repo_id: str, token: str | None, *, files: bool) -> Repo:
    """The repository, as far as `token` may see it. What is said of a gated one is public, its files are not."""
    repo = store.get(repo_id)
    opened = token is not None and repo_id in TOKENS[token]
    if repo is None or (repo.private and not opened):
        # The Hub does not tell strangers whether there is such a repository.
        raise Refused(404 if token else 401, "RepoNotFound", "Repository not found")
    if files and repo.gated and not opened:
        raise Refused(403 if token else 401, "GatedRepo", f"Access to model {repo_id} is restricted.")
    return repo
