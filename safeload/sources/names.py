"""Which relative paths stay inside the place that they are relative to."""

from __future__ import annotations

from safeload.lean import pattern

_DRIVE = pattern(r"[A-Za-z]:")
_REPOSITORY = pattern(r"(?a)[A-Za-z0-9_](?:[\w.-]*\w)?(?:/[A-Za-z0-9_](?:[\w.-]*\w)?)?")
_REPOSITORY_LENGTH = 96
COMMIT = pattern(r"[0-9a-f]{40}")
SHA256 = pattern(r"[0-9a-f]{64}")


def contained(path: str) -> bool:
    """Is it a plain relative POSIX path, on every platform, without a way out?"""
    if not path or "\0" in path or "\\" in path or _DRIVE.match(path):
        return False
    return not path.startswith(("/", "~")) and all(part not in ("", ".", "..") for part in path.split("/"))


def beside(path: str, name: str) -> str:
    """The path of `name` in the folder of `path`."""
    from pathlib import PurePosixPath

    folder = PurePosixPath(path).parent
    return name if str(folder) == "." else f"{folder}/{name}"


# Repositories that are no models carry their kind in front, as in the hub's own addresses.
KINDS = {"dataset": "datasets/", "space": "spaces/", "kernel": "kernels/"}


def repository_of_kind(name: str, kind: str | None) -> str:
    """`org/name`, with `datasets/` in front where it is one."""
    return KINDS.get(kind or "", "") + name


def kind_of(name: str) -> tuple[str, str]:
    """What kind of repository it is, and its name without that: `dataset`, `org/name`."""
    for kind, start in KINDS.items():
        if name.startswith(start) and name.count("/") == 2:
            return kind, name[len(start) :]
    return "model", name


def is_repository(text: str) -> bool:
    """Could the hub have a repository of this name (`org/name`, `name` or `datasets/org/name`)?"""
    text = kind_of(text)[1]
    if len(text) > _REPOSITORY_LENGTH or "--" in text or ".." in text or text.endswith(".git"):
        return False
    return _REPOSITORY.fullmatch(text) is not None
