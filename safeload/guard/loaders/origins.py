"""Calls about repositories of a hub: what they amount to, where they are opened, what a grant makes of them."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.guard.interface import Grant
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Origin, OriginKind, Source
from safeload.sources.registry import open_source


def call_about(target: str, kwargs: Mapping[str, Any], *without: str, loader: str, entry: str) -> Call:
    """The call as its named arguments say it; `without` are those that are no part of a question."""
    return Call(
        target=target,
        revision=revision_of(kwargs),
        loader=loader,
        entry=entry,
        trust_remote_code=bool(kwargs.get("trust_remote_code")),
        options=plain(kwargs, "revision", "token", "use_auth_token", *without),
    )


def revision_of(kwargs: Mapping[str, Any]) -> str | None:
    revision = kwargs.get("revision")
    return str(revision) if revision is not None else None


def pinned(grant: Grant, name: str, kwargs: Mapping[str, Any], *without: str, code: bool = True) -> dict[str, Any]:
    """The named arguments at the commit that was granted; `code`: with the code that was granted, if any."""
    bound = {key: value for key, value in kwargs.items() if key not in without}
    commit = commit_of(grant, name)
    if commit is not None:
        bound["revision"] = commit
    if code and grant.code and kwargs.get("trust_remote_code") is not False:
        bound["trust_remote_code"] = True
    return bound


def opened(target: Any, kwargs: Mapping[str, Any], *, cache: str = "cache_dir") -> Source | None:
    """The repository with the token and the cache folder that the call was given; None where it was given neither."""
    token, place = kwargs.get("token", kwargs.get("use_auth_token")), kwargs.get(cache)
    if not isinstance(target, (str, os.PathLike)) or (token is None and place is None):
        return None
    return open_source(
        os.fspath(target),
        revision=revision_of(kwargs),
        token=token,
        cache=Path(place) if place is not None else None,
    )


def origin_of(grant: Grant, name: str) -> Origin | None:
    """The origin that the grant knows a repository or folder by."""
    for origin in (grant.snapshot.origin, *(a.origin for a in grant.snapshot.artifacts if a.origin is not None)):
        if origin.name == name:
            return origin
    return None


def commit_of(grant: Grant, name: str) -> str | None:
    """The commit that a repository of a hub was granted at; None for a folder, and for what was not granted."""
    origin = origin_of(grant, name)
    return origin.revision if origin is not None and origin.kind is OriginKind.HUB else None


def plain(kwargs: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """Arguments that can be part of a question: those of plain types."""
    kinds = (str, int, float, bool, list, dict, type(None))
    return {key: value for key, value in kwargs.items() if isinstance(value, kinds) and key not in without}
