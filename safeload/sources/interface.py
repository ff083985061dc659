"""The nouns of the first stage: where a model comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod

from safeload.lean import (
    TYPE_CHECKING,
    Any,
    Callable,
    Choice,
    Iterable,
    Mapping,
    Protocol,
    Sequence,
    field,
    record,
    replace,
    sha256,
)

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.sources.readable import Readable


@record(frozen=True, slots=True, kw_only=True)
class Digest:
    """What bytes hash to. `algorithm` is `sha256` or `git-sha1` (SHA-1 over git's blob header and the bytes)."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


class OriginKind(str, Choice):
    HUB = "hub"
    LOCAL = "local"


@record(frozen=True, slots=True, kw_only=True)
class Origin:
    """A place that bytes come from. `revision` is a full commit, or None for a local file or folder."""

    kind: OriginKind
    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}" if self.revision else self.name


class Role(str, Choice):
    """What a load does with a file that it opens."""

    WEIGHTS = "weights"
    CONFIG = "config"
    TOKENIZER = "tokenizer"
    TEMPLATE = "template"
    CODE = "code"  # executed
    BESIDE = "beside"  # not opened by the load: looked at, never decides
    TARGET = "target"  # named by the user, no loader known
    FOUND = "found"  # in a folder of which nobody knows what would load it: decides, and text is inert


@record(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file. `path` is POSIX and relative; a file of another repository is `other/repo--path`.

    `digest` is None until every byte was read; `expected` is what the source claims.
    `origin` is None for the snapshot's own origin.
    """

    path: str
    size: int | None = None
    digest: Digest | None = None
    expected: Digest | None = None
    role: Role = Role.TARGET
    origin: Origin | None = None

    @property
    def name_in_origin(self) -> str:
        """The path as the artifact's own origin knows it."""
        return self.path.partition("--")[2] if self.origin is not None else self.path


@record(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files that one load touches, at one moment. Build it with `Snapshot.of`.

    `digest` covers the sorted (path, digest) pairs; None while any artifact has no digest.
    """

    origin: Origin
    artifacts: tuple[Artifact, ...]
    digest: Digest | None

    @classmethod
    def of(cls, origin: Origin, artifacts: Iterable[Artifact]) -> Snapshot:
        ordered = tuple(sorted(artifacts, key=lambda artifact: artifact.path))
        return cls(origin=origin, artifacts=ordered, digest=_manifest_digest(ordered))

    def with_digests(self, digests: Mapping[str, Digest]) -> Snapshot:
        """A new snapshot in which the named paths carry the digest of bytes that were read."""
        return Snapshot.of(
            self.origin,
            (replace(a, digest=digests.get(a.path, a.digest)) for a in self.artifacts),
        )


def _manifest_digest(artifacts: Sequence[Artifact]) -> Digest | None:
    deciding = [a for a in artifacts if a.role is not Role.BESIDE]
    if not deciding or any(a.digest is None for a in deciding):
        return None
    sha = sha256()
    for artifact in deciding:
        # Length-prefixed, so that no path can be mistaken for a path and a digest.
        for part in (artifact.path, str(artifact.digest)):
            raw = part.encode("utf-8", "surrogateescape")
            sha.update(len(raw).to_bytes(8, "big") + raw)
    return Digest(algorithm="sha256", hex=sha.hexdigest())


@record(frozen=True, slots=True, kw_only=True)
class Call:
    """One load that somebody asked for, before anything was done about it.

    `target` is a path, `org/name` or `org/name@revision`; `loader` the name of a `guard.interface.Loader` or ""
    (to be found from the files); `entry` the public name that was called: `AutoModel.from_pretrained` is exactly that
    call, a bare `AutoModel` a model of that class with its tokenizer; `options` its arguments.
    """

    target: str
    revision: str | None = None
    loader: str = ""
    entry: str = ""
    trust_remote_code: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@record(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A file that a load would open. `repo` and `revision` name another repository; None is the call's own.

    For another repository as a whole, `entry` is what is called there; "" is the call's own entry.
    """

    path: str
    role: Role
    repo: str | None = None
    revision: str | None = None
    entry: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a loader's scope is given to find its files: all artifacts of one source, and a reader of small ones.

    `read(path)` returns the whole file (bounded by `limits.SMALL_FILE`), or None where there is no such file.
    """

    origin: Origin
    artifacts: tuple[Artifact, ...]
    read: Callable[[str], bytes | None]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(a.path for a in self.artifacts)


@record(frozen=True, slots=True, kw_only=True)
class About:
    """What a hub says of a repository, as it said it. A key that is absent was not answered: unknown, not empty.

    `facts` keys (JSON values): author, created_at, last_modified, downloads, likes, gated, private, disabled, tags,
    card (README front matter, dict), card_text (str, bounded), model_index, eval_results, library, pipeline_tag,
    security ({"status": "clean"|"issues"|"unscanned", "files": [{"path","level"}]}),
    organisation ({"name","verified","members","followers"} or {"person": true, …}),
    commits ([{"id","title","authors","at"}] newest first), requested_revision (as typed),
    base_templates ([{"repo","revision","templates": {name: text}} or {"repo","why"}]).
    `unanswered` maps a key to why it could not be had.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    unanswered: Mapping[str, str] = field(default_factory=dict)


class Progress(Protocol):
    """Told what is going on; does nothing by default."""

    def step(self, text: str) -> None: ...

    def bytes(self, done: int, total: int | None) -> None: ...


class Silent:
    """The progress that says nothing."""

    def step(self, text: str) -> None:
        return None

    def bytes(self, done: int, total: int | None) -> None:
        return None


class Source(ABC):
    """A repository at one commit, or a local file or folder. Resolved when it is made; raises `SourceError`.

    `token` and `cache` (a folder) are what it was opened with: what it leads to is opened with the same.
    """

    origin: Origin
    token: str | bool | None = None
    cache: Path | None = None

    @abstractmethod
    def files(self) -> tuple[Artifact, ...]:
        """Every file, with the sizes and digests that the source claims."""

    @abstractmethod
    def open(self, path: str) -> Readable:
        """The bytes of one file, by ranges where the source is remote and the file is not in the cache."""

    @abstractmethod
    def cached(self, path: str) -> Path | None:
        """Where the file lies on this machine at this revision, or None."""

    def place(self, path: str) -> str | None:
        """The same as a text, which is cheaper where there are many files, or one."""
        found = self.cached(path)
        return None if found is None else str(found)

    @abstractmethod
    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        """Bring the files here and say where they lie. Nothing is left half-written. Raises `SourceError`."""

    @abstractmethod
    def about(self) -> About:
        """What the source says of itself; never raises: what was not answered is in `unanswered`."""
