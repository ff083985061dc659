"""The index that names the shards of a model's weights."""

from __future__ import annotations

import json

from safeload.lean import TYPE_CHECKING, Any, Final, Mapping
from safeload.signals.answers import opened

if TYPE_CHECKING:
    from safeload.signals.interface import Subject

SUFFIX: Final = ".index.json"


def indexes(subject: Subject) -> dict[str, Mapping[str, Any] | None]:
    """Every index that the load opens, by path; None for one that is not there or cannot be read."""
    paths = [a.path for a in opened(subject) if a.origin is None and a.path.endswith(SUFFIX)]
    return {path: _parsed(subject.listing.read(path)) for path in paths}


def shards(path: str, index: Mapping[str, Any]) -> set[str]:
    """The files that an index names, beside which it lies."""
    folder = path.rpartition("/")[0]
    names = {name for name in index["weight_map"].values() if isinstance(name, str)}
    return {f"{folder}/{name}" if folder else name for name in names}


def _parsed(raw: bytes | None) -> Mapping[str, Any] | None:
    try:
        said = json.loads(raw) if raw is not None else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and isinstance(said.get("weight_map"), dict) else None
