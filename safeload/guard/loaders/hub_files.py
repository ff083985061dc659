"""Files that somebody fetches with the hub client: within a load those of its grant, alone the ones announced."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from safeload import home, limits
from safeload.errors import Misbehaved, SourceError, UsageError
from safeload.guard import session, unforeseen
from safeload.guard.hold import hold
from safeload.guard.interface import Grant
from safeload.lean import Any, Callable, Mapping
from safeload.scanners.memo import Memo
from safeload.sources import cache
from safeload.sources.interface import Digest, Origin, OriginKind
from safeload.sources.names import repository_of_kind

_PINNED = ("revision", "force_download", "proxies", "resume_download")


def one(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`hf_hub_download` within a load: a file of the grant, at its commit. Raises `Stop` for what nobody foresaw."""
    repo, rest = _first(args, kwargs, "repo_id")
    filename, rest = _first(rest, kwargs, "filename")
    grant, origin = _reached(repo, kwargs)
    inner = kwargs.get("subfolder")
    path = f"{inner.strip('/')}/{filename}" if isinstance(inner, str) and inner.strip("./") else filename
    held = grant.files.get(path if origin == grant.snapshot.origin else f"{origin.name}--{path}")
    if held is not None and kwargs.get("local_dir") is None and not kwargs.get("dry_run"):
        _take(grant, held)
        return str(held)
    found = original(*args, **_pinned(kwargs, origin))
    if held is None and isinstance(found, (str, os.PathLike)):
        unforeseen.file(os.fspath(found), f"{origin.name} ({path})")
    return found


def several(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`snapshot_download` within a load: the folder of what was decided on, and nothing is added to it."""
    repo, _ = _first(args, kwargs, "repo_id")
    grant, origin = _reached(repo, kwargs)
    for artifact in grant.snapshot.artifacts:
        held = grant.files.get(artifact.path)
        if held is not None and (artifact.origin or grant.snapshot.origin) == origin:
            if kwargs.get("local_dir") is not None or kwargs.get("dry_run"):
                break
            folder = held.parents[artifact.name_in_origin.count("/")]
            _take(grant, folder)
            return str(folder)
    return original(*args, **_pinned(kwargs, origin))


def known(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`try_to_load_from_cache` within a load of sealed copies: the copy, and no other file of that repository."""
    found = original(*args, **kwargs)
    if not isinstance(found, str):
        return found
    repo, rest = _first(args, kwargs, "repo_id")
    filename, _ = _first(rest, kwargs, "filename")
    name = repository_of_kind(str(repo), kwargs.get("repo_type"))
    grant = session.covering(name)
    if grant is None or grant.sealed is None:
        return found
    held = grant.files.get(filename if name == grant.snapshot.origin.name else f"{name}--{filename}")
    if held is None:
        return None  # a download will be asked for, and looked at
    _take(grant, held)
    return str(held)


def _take(grant: Grant, place: Path) -> None:
    if grant.sealed is not None:
        grant.sealed.take(place)


def compared(original: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A download alone: nothing of it runs, so nobody is asked. Raises `Misbehaved` where the bytes are other ones."""
    found = original(*args, **kwargs)
    if name == "hf_hub_download" and isinstance(found, str) and kwargs.get("repo_type") in (None, "model"):
        claim = _claim(Path(found))
        if claim is not None:
            _compare(Path(found), claim)
    return found


def _claim(place: Path) -> Digest | None:
    """What the hub announced: it is kept in the cache, and the client names its blobs after it."""
    around = cache.around(place.parent)
    try:
        return around.claim(place) if around is not None else None
    except OSError:
        return None


def _compare(place: Path, claim: Digest) -> None:
    with closing(Memo(home.ready())) as memo:
        try:
            worth = place.stat().st_size >= limits.REMEMBERED
            hold(place, expected=claim, memo=memo if worth else None)
        except Misbehaved:
            raise
        except (SourceError, OSError):
            return  # a shared folder, say: whether it may be loaded is asked when it is


def _reached(repo: Any, kwargs: Mapping[str, Any]) -> tuple[Grant, Origin]:
    """The open grant that reaches this repository, and the commit that it was granted at. Raises `Stop`."""
    name = repository_of_kind(str(repo), kwargs.get("repo_type"))
    grant = session.covering(name)
    if grant is None:
        unforeseen.deny(name)
    origins = (grant.snapshot.origin, *(a.origin for a in grant.snapshot.artifacts if a.origin is not None))
    for origin in origins:
        if origin.name == name and origin.kind is OriginKind.HUB:
            return grant, origin
    raise UsageError(f"{name} was decided on as a local folder.", next="Load it by its path.")


def _pinned(kwargs: dict[str, Any], origin: Origin) -> dict[str, Any]:
    kept = {key: value for key, value in kwargs.items() if key not in _PINNED}
    return {**kept, "revision": origin.revision}


def _first(args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str) -> tuple[Any, tuple[Any, ...]]:
    """The first positional argument, or the one of that name; and the positional ones behind it."""
    return (args[0], args[1:]) if args else (kwargs.get(name), ())
