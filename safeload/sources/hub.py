"""A repository of a hub, at one commit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from safeload import __version__, limits
from safeload.errors import Misbehaved, NotFound, SourceError, Unreachable
from safeload.lean import Any, Mapping, Sequence
from safeload.sources import cache as caches
from safeload.sources import transport
from safeload.sources.download import download
from safeload.sources.files import FileReader
from safeload.sources.interface import About, Artifact, Digest, Origin, OriginKind, Progress, Source
from safeload.sources.names import COMMIT, SHA256, kind_of
from safeload.sources.ranges import RangeReader
from safeload.sources.readable import Readable
from safeload.sources.trouble import explained


class HubSource(Source):
    """`revision` is resolved to a commit once, here; every later request names that commit.

    Without a network, or in offline mode, the hub client's cache answers, and only what is in it exists.
    """

    def __init__(
        self,
        name: str,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        cache: Path | None = None,
    ) -> None:
        from huggingface_hub import constants

        self.name, self.requested, self.token, self.cache = name, revision, token, cache
        self.kind, self.repository = kind_of(name)
        self.endpoint: str = constants.ENDPOINT.rstrip("/")
        self.root = cache.expanduser() if cache is not None else caches.default_root()
        self.info: Any = None
        self.offline = _is_offline()
        commit, found = self._from_cache() if self.offline else self._resolve()
        self.origin = Origin(kind=OriginKind.HUB, name=name, revision=commit)
        self.commit = commit
        self._files = {artifact.path: artifact for artifact in found}
        self._readers: OrderedDict[str, RangeReader] = OrderedDict()
        self._lock = threading.Lock()

    # Resolving.

    def _resolve(self) -> tuple[str, tuple[Artifact, ...]]:
        try:
            return self._ask()
        except Unreachable:
            commit = caches.commit_of(self.root, self.name, self.requested)
            if commit is None:
                raise
            self.offline = True
            return self._from_cache()

    def _ask(self) -> tuple[str, tuple[Artifact, ...]]:
        what = f"{self.name}@{self.requested}" if self.requested else self.name
        with explained(what, endpoint=self.endpoint, repository=self.name):
            self.info = self._info(revision=self.requested, files_metadata=True, timeout=transport.timeout())
        commit = self.info.sha
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise self.wrong("names no commit")
        if self.requested and COMMIT.fullmatch(self.requested) and commit != self.requested:
            raise self.wrong("answered with another commit than the one that was asked for")
        siblings = self.info.siblings
        if not isinstance(siblings, list):
            raise self.wrong("lists no files")
        found = [self._artifact(s.rfilename, s.size, s.blob_id, s.lfs) for s in siblings]
        if any(artifact.size is None for artifact in found):
            # A mirror that leaves sizes out: its tree may still have them.
            found = self._tree(commit)
        return commit, self._checked(found)

    def _info(self, **asked: Any) -> Any:
        if self.kind == "model":
            return self.api().model_info(self.repository, securityStatus=True, **asked)
        return self.api().repo_info(self.repository, repo_type=self.kind, **asked)

    def _tree(self, commit: str) -> list[Artifact]:
        with explained(f"the files of {self.name}", endpoint=self.endpoint, repository=self.name):
            tree = self.api().list_repo_tree(self.repository, recursive=True, revision=commit, repo_type=self.kind)
            found = []
            for item in tree:
                if hasattr(item, "blob_id"):
                    found.append(self._artifact(item.path, item.size, item.blob_id, item.lfs))
                if len(found) > limits.FILES:
                    break
        return found

    def _artifact(self, path: Any, size: Any, blob: Any, large: Any) -> Artifact:
        """One file as the hub listed it; every field may be anything."""
        expected = None
        if large is not None:
            size, sha256 = getattr(large, "size", None), getattr(large, "sha256", None)
            if isinstance(sha256, str) and SHA256.fullmatch(sha256):
                expected = Digest(algorithm="sha256", hex=sha256)
        elif isinstance(blob, str) and COMMIT.fullmatch(blob):
            expected = Digest(algorithm="git-sha1", hex=blob)
        if not isinstance(path, str):
            raise self.wrong("lists a file without a name")
        known = isinstance(size, int) and not isinstance(size, bool) and size >= 0
        return Artifact(path=path, size=size if known else None, expected=expected)

    def _checked(self, found: list[Artifact]) -> tuple[Artifact, ...]:
        if len(found) > limits.FILES:
            raise SourceError(f"{self.name} has more than {limits.FILES:,} files.", next="Give a smaller repository.")
        if len({artifact.path for artifact in found}) != len(found):
            raise self.wrong("lists a file twice")
        for artifact in found:
            parts = artifact.path.split("/")
            if "\0" in artifact.path or any(part in ("", ".", "..") for part in parts):
                raise self.wrong(f"lists a file outside of the repository ({artifact.path[:80]!r})")
            if artifact.size is None:
                raise self.wrong(f"does not tell the size of {artifact.path[:80]!r}")
        return tuple(found)

    def _from_cache(self) -> tuple[str, tuple[Artifact, ...]]:
        commit = caches.commit_of(self.root, self.name, self.requested)
        found = caches.snapshot(self.root, self.name, commit) if commit is not None else None
        if commit is None or found is None:
            what = f"{self.name}@{self.requested}" if self.requested else self.name
            raise NotFound(
                f"{what} is not in the local cache, and offline mode is on.",
                next="Unset HF_HUB_OFFLINE, or download it first where there is a network.",
            )
        return commit, caches.artifacts(found)

    def wrong(self, what: str) -> Misbehaved:
        return Misbehaved(f"{self.endpoint} {what} ({self.name}).", next="Nothing was loaded.")

    # Reading.

    def files(self) -> tuple[Artifact, ...]:
        return tuple(self._files.values())

    def open(self, path: str) -> Readable:
        artifact = self._known(path)
        place = self.cached(path)
        if place is not None:
            return FileReader(place)
        if self.offline or artifact.size is None:
            raise NotFound(
                f"{path} of {self.origin} is not in the local cache.", next="Download it where there is a network."
            )
        with self._lock:
            # A config is read by the loader, the walk and the scanner: once over the network is enough.
            reader = self._readers.pop(path, None) or self._ranged(artifact, artifact.size)
            self._readers[path] = reader
            while len(self._readers) > limits.RANGE_READERS:
                self._readers.popitem(last=False)
            return reader

    def _ranged(self, artifact: Artifact, size: int) -> RangeReader:
        claim = artifact.expected
        return RangeReader(
            self.url(artifact.path),
            name=f"{artifact.path} of {self.name}",
            size=size,
            headers=self.headers(),
            transport=transport.HubTransport(),
            commit=self.commit,
            linked=claim.hex if claim is not None and claim.algorithm == "sha256" else "",
            repository=self.name,
        )

    def url(self, path: str) -> str:
        """Where a file lies, at the one commit."""
        from huggingface_hub import hf_hub_url

        found = hf_hub_url(self.repository, path, repo_type=self.kind, revision=self.commit, endpoint=self.endpoint)
        return str(found)

    def cached(self, path: str) -> Path | None:
        if path not in self._files:
            return None
        from huggingface_hub import try_to_load_from_cache

        place = try_to_load_from_cache(
            self.repository, path, cache_dir=self.root, revision=self.commit, repo_type=self.kind
        )
        if not isinstance(place, str):
            return None
        # A stray file `refs/<commit>` sends the client's look-up to another snapshot.
        ours = self.root.resolve() / caches.folder_of(self.name) / "snapshots" / self.commit
        folder = Path(place).parent.resolve()
        return Path(place) if folder == ours or ours in folder.parents else None

    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        for path in paths:
            artifact = self._known(path)
            if self.cached(path) is None:
                progress.step(f"Downloading {path} of {self.name}")
                download(self, artifact, progress)
            place = self.cached(path)
            if place is None:
                raise self.wrong(f"sent {path} of another commit")
            found[path] = place
        if self.requested != self.commit:
            # As the client does when it resolves a branch: offline, this is how the name is found again.
            caches.remember(self.root, self.name, self.requested or "main", self.commit)
        return found

    def _known(self, path: str) -> Artifact:
        try:
            return self._files[path]
        except KeyError:
            raise NotFound(f"There is no {path} in {self.origin}.", next="Check the name and the revision.") from None

    # Asking.

    def api(self) -> Any:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.endpoint, token=self.token, library_name="safeload", library_version=__version__)

    def headers(self) -> dict[str, str]:
        """The hub client's own headers: its token goes to the hub, and to no other host."""
        from huggingface_hub.utils import build_hf_headers

        built = build_hf_headers(token=self.token, library_name="safeload", library_version=__version__)
        return {str(name): str(value) for name, value in built.items()}

    def about(self) -> About:
        from safeload.sources.about import about

        return about(self)


def _is_offline() -> bool:
    from huggingface_hub import constants

    asked = getattr(constants, "is_offline_mode", None)
    return bool(asked()) if callable(asked) else bool(constants.HF_HUB_OFFLINE)
