"""Opens local files a few ahead, so that the worker reads one while this process judges another."""

from __future__ import annotations

from collections import deque

from safeload import limits
from safeload.errors import SafeloadError
from safeload.lean import TYPE_CHECKING, Callable, Final, Protocol, Sequence

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact
    from safeload.sources.readable import Readable

_SMALL: Final = 96  # files that were read already; the worker is sent many of them at a time
_OPEN: Final = 24  # files that are open


class Announced(Protocol):
    """What it needs of an examiner."""

    def announce(self, readable: Readable, /, *, purpose: str = "") -> None: ...


class Ahead:
    """The artifacts in their order, each opened by `open` in its turn. Close it: some may be open still."""

    def __init__(
        self,
        artifacts: Sequence[Artifact],
        opener: Callable[[Artifact], Readable],
        examiner: Announced,
        purpose: Callable[[Artifact], str],
    ) -> None:
        self._waiting = deque(artifacts)
        self._opener = opener
        self._examiner = examiner
        self._purpose = purpose
        self._opened: deque[tuple[Artifact, Readable | Exception]] = deque()
        self._left = 0  # of those, how many are open

    def open(self, artifact: Artifact) -> Readable:
        """Raises what opening it raised."""
        while self._waiting and len(self._opened) < _SMALL and (self._left < _OPEN or not self._opened):
            self._open(self._waiting.popleft())
        mine, readable = self._opened.popleft()
        self._left -= _is_open(readable)
        assert mine is artifact  # noqa: S101
        if isinstance(readable, Exception):
            raise readable
        return readable

    def _open(self, artifact: Artifact) -> None:
        try:
            readable = self._opener(artifact)
        except (SafeloadError, OSError) as error:
            self._opened.append((artifact, error))
            return
        self._opened.append((artifact, readable))
        self._left += _is_open(readable)
        # A large file keeps the worker busy by itself, and may be remembered.
        if readable.size is not None and readable.size < limits.REMEMBERED:
            self._examiner.announce(readable, purpose=self._purpose(artifact))

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *error: object) -> None:
        for _, readable in self._opened:
            if not isinstance(readable, Exception):
                readable.close()


def _is_open(readable: Readable | Exception) -> bool:
    return not isinstance(readable, Exception) and getattr(readable, "whole", None) is None
