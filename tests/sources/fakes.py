"""Sources and transports in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safeload.errors import NotFound
from safeload.sources.interface import About, Artifact, Listing, Origin, OriginKind, Progress, Source
from safeload.sources.readable import Readable
from safeload.sources.transport import Answer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Bytes:
    """A `Readable` over bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int | None:
        return len(self._data)

    def read_at(self, offset: int, n: int) -> bytes:
        return self._data[offset : offset + n]

    def fileno(self) -> int | None:
        return None

    def close(self) -> None:
        return None


class FakeSource(Source):
    """A repository of a dict. `opened` and `fetched` list what was asked for."""

    def __init__(self, name: str, contents: Mapping[str, bytes], *, commit: str | None = COMMIT) -> None:
        kind = OriginKind.HUB if commit else OriginKind.LOCAL
        self.origin = Origin(kind=kind, name=name, revision=commit)
        self.contents = dict(contents)
        self.opened: list[str] = []
        self.fetched: list[str] = []

    def files(self) -> tuple[Artifact, ...]:
        return tuple(Artifact(path=path, size=len(data)) for path, data in self.contents.items())

    def open(self, path: str) -> Readable:
        self.opened.append(path)
        if path not in self.contents:
            raise NotFound(f"There is no {path}.")
        return Bytes(self.contents[path])

    def cached(self, path: str) -> Path | None:
        return None

    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        self.fetched += paths
        return {path: Path("/cache") / self.origin.name / path for path in paths}

    def about(self) -> About:
        return About()


def listing(contents: Mapping[str, bytes], *, name: str = "acme/model", local: bool = False) -> Listing:
    source = FakeSource(name, contents, commit=None if local else COMMIT)
    return Listing(origin=source.origin, artifacts=source.files(), read=source.contents.get)


Respond = Callable[[str, Mapping[str, str]], Answer]


class FakeTransport:
    """Answers by a function; keeps what was asked."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asked: list[tuple[str, dict[str, str]]] = []

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        self.asked.append((url, dict(headers)))
        yield self.respond(url, headers)


def ranges_of(data: bytes, **changes: Any) -> Respond:
    """A right answer to every range; `changes` replace header values, the status, or (by a function) the body."""

    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        first, last = (int(part) for part in headers["Range"].removeprefix("bytes=").split("-"))
        body = data[first : last + 1]
        status = changes.get("status", 206)
        answered = {"content-range": f"bytes {first}-{first + len(body) - 1}/{len(data)}", "etag": '"one"'}
        answered |= {name: value for name, value in changes.items() if name in ("content-range", "etag")}
        answered |= changes.get("headers", {})
        shaped = changes["body"](body) if "body" in changes else body
        return Answer(url=url, status=status, headers=answered, chunks=iter([shaped]))

    return respond
