"""What the hub once said of a commit's files, as its client keeps it beside the snapshots.

Without a network it is what a file is compared with: also where the cache holds copies, whose names say nothing.
"""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Mapping
from safeload.sources.interface import Digest
from safeload.sources.names import COMMIT, SHA256

if TYPE_CHECKING:
    from pathlib import Path


def claims(home: Path, commit: str) -> Mapping[str, Digest]:
    """By path; empty where nothing was kept, or nothing that can be read. `home` is the repository's folder."""
    try:
        with (home / "trees" / f"{commit}.json").open("rb") as file:
            raw = file.read(limits.TREE + 1)
        import json

        files = json.loads(raw)["files"] if len(raw) <= limits.TREE else {}
        return {path: claim for path, said in files.items() if (claim := _claim(said)) is not None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _claim(said: Mapping[str, Any]) -> Digest | None:
    """SHA-256 of what the hub keeps beside git, else git's SHA-1."""
    large, blob = said.get("lfs_sha256"), said.get("blob_id")
    if isinstance(large, str) and SHA256.fullmatch(large):
        return Digest(algorithm="sha256", hex=large)
    if large is None and isinstance(blob, str) and COMMIT.fullmatch(blob):
        return Digest(algorithm="git-sha1", hex=blob)
    return None
