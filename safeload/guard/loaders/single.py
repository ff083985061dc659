"""Choosing the one file that a library loads out of a listing."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.sources.interface import Call, Listing, Role, Wanted


def candidates(listing: Listing, suffixes: tuple[str, ...]) -> list[str]:
    return [path for path in sorted(listing.paths) if path.lower().endswith(suffixes)]


def chosen(listing: Listing, suffixes: tuple[str, ...], preferred: tuple[str, ...] = ()) -> str | None:
    """The only file, the only one that looks right, or the first preferred one; None where it could be several."""
    if len(listing.paths) == 1:
        return next(iter(listing.paths))
    for name in preferred:
        if name in listing.paths:
            return name
    found = candidates(listing, suffixes)
    return found[0] if len(found) == 1 else None


def only(call: Call, listing: Listing, suffixes: tuple[str, ...], preferred: tuple[str, ...] = ()) -> tuple[Wanted]:
    """The one file that `call` loads. Raises `UsageError` when the listing does not settle which."""
    path = chosen(listing, suffixes, preferred)
    if path is None:
        found = candidates(listing, suffixes)
        which = f"It has {', '.join(found[:5])}" if found else f"It has no file that ends in {' or '.join(suffixes)}"
        raise UsageError(
            f"{call.target} does not say which file {call.loader or 'the loader'} should load. {which}.",
            next="Give the file itself.",
        )
    return (Wanted(path=path, role=Role.WEIGHTS),)


def recognised(listing: Listing, suffixes: tuple[str, ...], preferred: tuple[str, ...] = ()) -> bool:
    path = chosen(listing, suffixes, preferred)
    return path is not None and (path in preferred or path.lower().endswith(suffixes))
