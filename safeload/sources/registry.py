"""Which source a target names."""

from __future__ import annotations

import os

from safeload.errors import NotFound, UsageError
from safeload.lean import TYPE_CHECKING, Callable, pattern
from safeload.sources.names import is_repository

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.sources.interface import Source

_PATH_LIKE = pattern(r"\.{1,2}(/|\\|$)|[/~\\]|[A-Za-z]:[\\/]")


def open_source(
    target: str, *, revision: str | None = None, token: str | bool | None = None, cache: Path | None = None
) -> Source:
    """The source that `target` names: a path, `org/name`, `name` or `org/name@revision`.

    A folder or file that exists wins over a repository of the same name, as it does in transformers; its `revision` is
    then ignored, as there. `token` and `cache` (a folder) are the hub client's. Raises `UsageError`, `SourceError`.
    """
    if not isinstance(target, str) or not target.strip() or "\0" in target:
        raise UsageError("The name of a model is missing.", next=_HOW)
    for opener in SOURCES:
        source = opener(target.strip(), revision, token, cache)
        if source is not None:
            return source
    raise UsageError(f"{target!r} is neither a path that exists nor the name of a repository.", next=_HOW)


_HOW = "Give a path, org/name or org/name@revision."


def _local(target: str, revision: str | None, token: str | bool | None, cache: Path | None) -> Source | None:
    from safeload.sources.local import LocalSource

    if target.startswith("file:"):
        return LocalSource(_path_of(target))
    if _PATH_LIKE.match(target) or _exists(target):
        return LocalSource(target)
    return None


def _exists(target: str) -> bool:
    try:
        return os.path.lexists(target)
    except (OSError, ValueError):
        return False


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise UsageError(f"{url!r} does not name a file on this machine.", next="Write file:///path/of/the/model.")
    return unquote(parts.path)


def _hub(target: str, revision: str | None, token: str | bool | None, cache: Path | None) -> Source | None:
    name, at, typed = target.partition("@")
    if not is_repository(name):
        return None
    if at and not typed:
        raise UsageError(f"{target!r} has no revision behind the @.", next=_HOW)
    if typed and revision and typed != revision:
        raise UsageError(f"Two revisions of {name} are asked for: {typed} and {revision}.", next="Give one of them.")
    from safeload.sources.hub import HubSource

    try:
        return HubSource(name, revision=typed or revision, token=token, cache=cache)
    except NotFound as error:
        if "/" in name:
            raise
        raise NotFound(error.message, next=f"{error.next} There is no file {name} here either.") from error


# In this order: the first that knows the target opens it.
SOURCES: tuple[Callable[[str, str | None, str | bool | None, Path | None], Source | None], ...] = (_local, _hub)
