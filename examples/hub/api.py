"""The hub's JSON answers, in the shapes that the clients parse."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Any

from hub.store import DATASETS, Commit, File, Repo, Store, git_oid

SAFETY = {"safe": "innocuous", "suspicious": "suspicious", "unsafe": "dangerous"}
HEADER = 100 << 20  # bytes
ALWAYS = ("_id", "id", "modelId")
DEFAULT = (
    "author", "sha", "lastModified", "createdAt", "private", "gated", "disabled", "downloads", "likes", "tags",
    "pipeline_tag", "library_name", "config", "cardData", "model-index", "transformersInfo", "safetensors",
    "siblings", "spaces", "usedStorage",
)  # fmt: skip


def date(at: str | float, now: datetime) -> str:
    """`at` as the API writes it."""
    if isinstance(at, str):
        return at
    return (now - timedelta(days=at)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def model_info(store: Store, repo: Repo, commit: Commit, query: Mapping[str, list[str]], now: datetime) -> Any:
    blobs, security = _yes(query, "blobs"), _yes(query, "securityStatus")
    facts: dict[str, Any] = {
        "_id": git_oid(repo.id.encode())[:24],
        "id": repo.id.removeprefix(DATASETS),
        "modelId": repo.id.removeprefix(DATASETS),
        "author": repo.id.removeprefix(DATASETS).partition("/")[0],
        "sha": commit.id,
        "lastModified": date(repo.commits[-1].at, now),
        "createdAt": date(repo.commits[0].at, now),
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "spaces": [],
        "trendingScore": 0,
        "usedStorage": sum({f.oid: f.size for c in repo.commits for f in c.files}.values()),
        **repo.facts,
        **_from_files(store, repo, commit),
        "siblings": [_sibling(f, blobs) for f in commit.files],
    }
    asked = query.get("expand", []) + query.get("expand[]", [])
    if asked:
        return {key: facts[key] for key in (*ALWAYS, *asked) if key in facts}
    answer = {key: facts[key] for key in (*ALWAYS, *DEFAULT) if key in facts}
    if security:
        issues = [
            {"path": p, "level": level}
            for p, level in sorted(repo.security.items())
            if level in ("suspicious", "unsafe")
        ]
        answer["securityRepoStatus"] = {
            "scansDone": "unscanned" not in repo.security.values(),
            "filesWithIssues": issues,
        }
    return answer


def tree(repo: Repo, commit: Commit, folder: str, query: Mapping[str, list[str]], now: datetime) -> list[Any] | None:
    """All entries under `folder`, or None where there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    inside = [f for f in commit.files if f.path.startswith(prefix)]
    if folder and not inside:
        return None
    recursive, expand = _yes(query, "recursive"), _yes(query, "expand")
    folders: dict[str, list[File]] = {}
    shown = []
    for file in inside:
        parents = [str(p) for p in PurePosixPath(file.path).parents if str(p) != "." and str(p).startswith(prefix)]
        for parent in parents:
            folders.setdefault(parent, []).append(file)
        if recursive or not parents:
            shown.append(file)
    entries = [
        folder_entry(repo, commit, name, files, expand, now)
        for name, files in sorted(folders.items())
        if recursive or "/" not in name[len(prefix) :]
    ]
    return entries + [file_entry(repo, commit, file, expand, now) for file in shown]


def paths_info(repo: Repo, commit: Commit, paths: Iterable[str], expand: bool, now: datetime) -> list[Any]:
    found = []
    for path in paths:
        inside = [f for f in commit.files if f.path.startswith(f"{path}/")]
        if file := commit.file(path):
            found.append(file_entry(repo, commit, file, expand, now))
        elif inside:
            found.append(folder_entry(repo, commit, path, inside, expand, now))
    return found


def file_entry(repo: Repo, commit: Commit, file: File, expand: bool, now: datetime) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "oid": file.oid, "size": file.size, "path": file.path}
    if file.sha256:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": _pointer_size(file)}
    if expand:
        status = repo.security.get(file.path, "safe")
        entry["lastCommit"] = _last_commit(repo, commit, [file], now)
        entry["securityFileStatus"] = {
            "status": status,
            "avScan": {"virusFound": False, "virusNames": None} if status != "unscanned" else None,
            "pickleImportScan": (
                {"highestSafetyLevel": SAFETY[status], "imports": []}
                if status in SAFETY and file.path.endswith((".bin", ".pt", ".joblib"))
                else None
            ),
        }
    return entry


def folder_entry(repo: Repo, commit: Commit, path: str, files: list[File], expand: bool, now: datetime) -> Any:
    entry = {"type": "directory", "oid": git_oid("".join(f.oid for f in files).encode()), "size": 0, "path": path}
    return {**entry, "lastCommit": _last_commit(repo, commit, files, now)} if expand else entry


def commits(repo: Repo, commit: Commit, now: datetime) -> list[Any]:
    return [
        {
            "id": c.id,
            "title": c.title,
            "message": c.message,
            "date": date(c.at, now),
            "authors": [{"user": name, "avatar": ""} for name in c.authors],
        }
        for c in repo.history(commit)
    ]


def refs(repo: Repo) -> Any:
    branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in sorted(repo.branches.items())]
    return {"branches": branches, "converts": [], "tags": [], "pullRequests": []}


def discussions(repo: Repo, page: int, now: datetime) -> Any:
    # Pages of 50, as many as there are.
    start = page * 50
    shown = [
        {
            **d,
            "num": number,
            "createdAt": date(d["createdAt"], now),
            "repo": {"name": repo.id, "type": "model"},
            "author": {"name": d["author"]},
        }
        for number, d in enumerate(repo.discussions, start=1)
    ]
    return {"discussions": shown[start : start + 50], "count": len(shown), "start": start}


def safetensors_headers(store: Store, commit: Commit, index_path: str) -> Any | None:
    """The header of every shard that an index names, or None where one cannot be read."""
    index_file = commit.file(index_path)
    if index_file is None:
        return None
    index = _object(store.blob(index_file.blob).read_bytes())
    headers = {}
    for shard in sorted(set(index.get("weight_map", {}).values())):
        file = commit.file(shard)
        if file is None:
            return None
        headers[shard] = _header(store, file)
    return {"index": {"metadata": index.get("metadata", {})}, "headers": headers}


def _from_files(store: Store, repo: Repo, commit: Commit) -> dict[str, Any]:
    """What the Hub works out from the files themselves."""
    parameters: dict[str, int] = {}
    for file in commit.files:
        if file.path.endswith(".safetensors") and "adapter" not in file.path:
            for name, tensor in _header(store, file).items():
                if name != "__metadata__" and isinstance(tensor, dict) and {"shape", "dtype"} <= set(tensor):
                    dtype = str(tensor["dtype"])
                    parameters[dtype] = parameters.get(dtype, 0) + math.prod(tensor["shape"])
    found: dict[str, Any] = {}
    if parameters:
        found["safetensors"] = {"parameters": parameters, "total": sum(parameters.values())}
    if config_file := commit.file("config.json"):
        config = _object(store.blob(config_file.blob).read_bytes())
        found["config"] = {k: config[k] for k in ("architectures", "model_type", "auto_map") if k in config}
        if isinstance(config.get("auto_map"), dict):
            found["tags"] = [*repo.facts.get("tags", []), "custom_code"]
            found["transformersInfo"] = {
                "auto_model": "AutoModel",
                "custom_class": config["auto_map"].get("AutoModel"),
            }
    return found


def _header(store: Store, file: File) -> dict[str, Any]:
    with store.blob(file.blob).open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        return _object(stream.read(min(length, HEADER)))


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object, or an empty one: tests push files that are none, and the hub still answers."""
    try:
        value = json.loads(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _sibling(file: File, blobs: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"rfilename": file.path}
    if blobs:
        entry |= {"size": file.size, "blobId": file.oid}
        if file.sha256:
            entry["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": _pointer_size(file)}
    return entry


def _last_commit(repo: Repo, commit: Commit, files: list[File], now: datetime) -> dict[str, Any]:
    """The newest commit that brought any of `files` in its present form."""
    wanted, last = set(files), commit
    for older in repo.history(commit)[1:]:
        if not wanted <= set(older.files):
            break
        last = older
    return {"id": last.id, "title": last.title, "date": date(last.at, now)}


def _pointer_size(file: File) -> int:
    return len(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize {file.size}\n")


def _yes(query: Mapping[str, list[str]], key: str) -> bool:
    return query.get(key, [""])[-1].lower() in ("true", "1")


def started() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)
