"""Repositories with commits, kept as plain files under one folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

LFS_SUFFIXES = frozenset({".safetensors", ".bin", ".pt", ".pth", ".joblib", ".pkl", ".h5", ".gguf", ".onnx", ".npy"})
CHUNK = 1 << 20
DATASETS = "datasets/"  # in front of the name of a repository that is no model


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of one commit. `sha256` is what the hub announces (LFS only); the two blobs are what it serves.

    An honest file has `blob == ranges`, and for LFS both equal `sha256`.
    """

    path: str
    size: int
    oid: str
    blob: str
    ranges: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit with its full set of files. `at` is an ISO 8601 date, or a number of days before the hub started."""

    id: str
    title: str
    message: str
    authors: tuple[str, ...]
    at: str | float
    files: tuple[File, ...]

    def file(self, path: str) -> File | None:
        return next((f for f in self.files if f.path == path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repo:
    """A repository of a model, or of data where its name begins with `datasets/`.

    Commits oldest first, and what the hub says about it (`facts`, in the API's own names).
    """

    id: str
    commits: tuple[Commit, ...] = ()
    branches: Mapping[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool | str = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    security: Mapping[str, str] = field(default_factory=dict)  # path -> safe, suspicious, unsafe, unscanned
    discussions: tuple[Mapping[str, Any], ...] = ()

    def commit(self, revision: str) -> Commit | None:
        """By branch, by full commit id, or by an unambiguous start of one, as the Hub does it."""
        wanted = self.branches.get(revision, revision)
        if len(wanted) < 7:
            return None
        matches = [c for c in self.commits if c.id.startswith(wanted)]
        return matches[0] if len(matches) == 1 else None

    def history(self, commit: Commit) -> tuple[Commit, ...]:
        """Newest first, from `commit` back."""
        return tuple(reversed(self.commits[: self.commits.index(commit) + 1]))


class Store:
    """Blobs by SHA-256 under `root/blobs`, one JSON file a repository under `root/repos`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._repos: dict[str, Repo] = {}
        (root / "blobs").mkdir(parents=True, exist_ok=True)
        (root / "repos").mkdir(parents=True, exist_ok=True)

    def forget(self) -> None:
        """Drop what was pushed at run time: the repositories are again as they lie on disk."""
        self._repos.clear()

    def blob(self, sha256: str) -> Path:
        return self.root / "blobs" / sha256

    def put(self, content: bytes | Path) -> tuple[str, int]:
        """The SHA-256 and size of `content`, which is kept. A path is moved into the store."""
        if isinstance(content, Path):
            sha256 = _hash_file(content)
            os.replace(content, self.blob(sha256))
            return sha256, self.blob(sha256).stat().st_size
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.blob(sha256).exists():
            _write_atomically(self.blob(sha256), content)
        return sha256, len(content)

    def add_file(
        self,
        path: str,
        content: bytes | Path,
        *,
        served: bytes | None = None,
        ranges: bytes | None = None,
        lfs: bool | None = None,
    ) -> File:
        """A file that announces `content`; `served` and `ranges` are given out instead of it by a lying hub."""
        sha256, size = self.put(content)
        is_lfs = Path(path).suffix in LFS_SUFFIXES if lfs is None else lfs
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
        oid = git_oid(pointer) if is_lfs else git_oid(self.blob(sha256).read_bytes())
        blob = sha256 if served is None else self.put(served)[0]
        return File(
            path=path,
            size=size,
            oid=oid,
            blob=blob,
            ranges=blob if ranges is None else self.put(ranges)[0],
            sha256=sha256 if is_lfs else None,
        )

    def get(self, repo_id: str) -> Repo | None:
        if repo_id not in self._repos:
            path = self._path(repo_id)
            if path is None or not path.exists():
                return None
            self._repos[repo_id] = _from_json(json.loads(path.read_text("utf-8")))
        return self._repos[repo_id]

    def ids(self) -> list[str]:
        found = {_name_of(p.stem) for p in (self.root / "repos").glob("*.json")}
        return sorted(found | set(self._repos))

    def hold(self, repo: Repo) -> None:
        """Serve `repo` until `forget`, without writing it down."""
        self._repos[repo.id] = repo

    def save(self, repo: Repo) -> None:
        path = self._path(repo.id)
        if path is None:
            raise ValueError(f"not a repository name: {repo.id!r}")
        _write_atomically(path, json.dumps(asdict(repo), indent=1).encode())
        self._repos[repo.id] = repo

    def _path(self, repo_id: str) -> Path | None:
        org, slash, name = repo_id.removeprefix(DATASETS).partition("/")
        if not (slash and org and name) or "/" in name or "\0" in repo_id or ".." in repo_id:
            return None
        kind = "datasets--" if repo_id.startswith(DATASETS) else ""
        return self.root / "repos" / f"{kind}{org}--{name}.json"


def commit_to(
    repo: Repo,
    files: Iterable[File],
    *,
    title: str,
    author: str,
    at: str | float,
    message: str = "",
    remove: Iterable[str] = (),
) -> Repo:
    """A new repository value with one more commit on main: `files` over the parent's, without `remove`."""
    parent = repo.commits[-1] if repo.commits else None
    tree = {f.path: f for f in parent.files} if parent else {}
    tree.update({f.path: f for f in files})
    for path in remove:
        tree.pop(path, None)
    ordered = tuple(tree[path] for path in sorted(tree))
    # Dates stay out of it: the same files give the same commit ids on every day and machine.
    said = [repo.id, parent.id if parent else None, title, author, [(f.path, f.oid, f.blob, f.ranges) for f in ordered]]
    commit = Commit(
        id=hashlib.sha1(json.dumps(said).encode(), usedforsecurity=False).hexdigest(),
        title=title,
        message=message,
        authors=(author,),
        at=at,
        files=ordered,
    )
    return replace(repo, commits=(*repo.commits, commit), branches={**repo.branches, "main": commit.id})


def git_oid(content: bytes) -> str:
    """What git calls a file: SHA-1 over its blob header, then the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _name_of(stem: str) -> str:
    kind, rest = ("datasets/", stem.removeprefix("datasets--")) if stem.startswith("datasets--") else ("", stem)
    return kind + rest.replace("--", "/", 1)


def _from_json(data: dict[str, Any]) -> Repo:
    commits = tuple(
        Commit(**{**c, "authors": tuple(c["authors"]), "files": tuple(File(**f) for f in c["files"])})
        for c in data["commits"]
    )
    return Repo(**{**data, "commits": commits, "discussions": tuple(data["discussions"])})


def _hash_file(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def _write_atomically(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
