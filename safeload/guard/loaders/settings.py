"""The JSON files of a repository, read as the hostile input that they are."""

from __future__ import annotations

import json

from safeload.errors import Misbehaved
from safeload.lean import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeload.sources.interface import Listing


def settings(listing: Listing, path: str) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file. Raises `Misbehaved` where it is no JSON object."""
    raw = listing.read(path)
    if raw is None:
        return {}
    try:
        value = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad(listing, path, "is not JSON") from error
    if not isinstance(value, dict):
        raise _bad(listing, path, "is not a JSON object")
    return value


def text(value: dict[str, Any], key: str) -> str:
    """A string of an object, "" where it is absent or something else."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def part(value: dict[str, Any], key: str) -> dict[str, Any]:
    """An object within an object, empty where it is absent or something else."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def shards(listing: Listing, path: str) -> tuple[str, ...]:
    """The files that an index of weights names, in name order. Raises `Misbehaved` for an index that names none."""
    index = settings(listing, path)
    names = list(part(index, "weight_map").values())
    if not names or not all(isinstance(name, str) and name for name in names):
        raise _bad(listing, path, "does not name its weight files")
    return tuple(sorted(set(names)))


def _bad(listing: Listing, path: str, what: str) -> Misbehaved:
    return Misbehaved(
        f"{path} of {listing.origin} {what}, so nobody can tell what would be loaded.",
        next="Ask its authors, or load the file that you want by its own name.",
    )
