"""One file of a hub, brought into the hub client's cache by the hub client."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from safeload import __version__, limits
from safeload.lean import TYPE_CHECKING, Any, Iterator
from safeload.sources.names import COMMIT, SHA256
from safeload.sources.trouble import explained

if TYPE_CHECKING:
    from safeload.sources.hub import HubSource
    from safeload.sources.interface import Artifact, Progress


def download(source: HubSource, artifact: Artifact, progress: Progress) -> None:
    """Bring `artifact` into the cache, silently. Raises `SourceError`; then nothing is left half-written.

    The client compares sizes only: whether the bytes are those that were announced is for the vault to say.
    """
    from huggingface_hub import hf_hub_download

    check_announced(source, artifact)
    with explained(f"{artifact.path} of {source.name}", endpoint=source.endpoint, repository=source.name), quiet():
        hf_hub_download(
            source.repository,
            artifact.path,
            repo_type=source.kind,
            revision=source.commit,
            cache_dir=source.root,
            endpoint=source.endpoint,
            token=source.token,
            library_name="safeload",
            library_version=__version__,
            etag_timeout=limits.READ_TIMEOUT,
            **progress_to(progress),
        )
    progress.bytes(artifact.size or 0, artifact.size)


def check_announced(source: HubSource, artifact: Artifact) -> None:
    """What the server says of a file must be what it listed, before the client makes file names of it.

    Also the quick end for a server that does not answer: the client itself tries for minutes.
    """
    from huggingface_hub import get_hf_file_metadata

    with explained(f"{artifact.path} of {source.name}", endpoint=source.endpoint, repository=source.name):
        said = get_hf_file_metadata(
            source.url(artifact.path),
            token=source.token,
            timeout=limits.READ_TIMEOUT,
            library_name="safeload",
            library_version=__version__,
        )
    claim = artifact.expected
    name = said.etag if isinstance(said.etag, str) else ""
    right = name == claim.hex if claim is not None else SHA256.fullmatch(name) or COMMIT.fullmatch(name)
    if said.commit_hash != source.commit or not right or said.size not in (None, artifact.size):
        raise source.wrong(f"announces another {artifact.path} than it listed")


class _Bars:
    """How many downloads are under way without the client's own bars."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0
        self.disabled_here = False


_bars = _Bars()


def progress_to(progress: Progress) -> dict[str, Any]:
    """`tqdm_class` for `hf_hub_download`, where this huggingface_hub takes one."""
    import inspect

    from huggingface_hub import hf_hub_download

    if "tqdm_class" not in inspect.signature(hf_hub_download).parameters:
        return {}
    return {"tqdm_class": _bar(progress)}


def _bar(progress: Progress) -> type:
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]
        """Counts like tqdm and draws nothing."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            kwargs["disable"] = True
            self._total = kwargs.get("total")
            self._done = int(kwargs.get("initial") or 0)
            super().__init__(*args, **kwargs)

        def update(self, n: float | None = 1) -> bool | None:
            self._done += int(n or 0)
            progress.bytes(self._done, int(self._total) if self._total else None)
            return None

    return Bar


@contextmanager
def quiet() -> Iterator[None]:
    """No bars of the client's own, for as long as any download of ours is under way; then as it was before."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    with _bars.lock:
        if _bars.count == 0 and not are_progress_bars_disabled():
            disable_progress_bars()
            _bars.disabled_here = True
        _bars.count += 1
    try:
        yield
    finally:
        with _bars.lock:
            _bars.count -= 1
            if _bars.count == 0 and _bars.disabled_here:
                _bars.disabled_here = False
                enable_progress_bars()
