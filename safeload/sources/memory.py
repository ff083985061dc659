"""Bytes that are held privately: a copy that nobody else can change."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from safeload import limits
from safeload.errors import NotFound, SourceError
from safeload.lean import BinaryIO, Mapping, Sequence
from safeload.sources import sealable
from safeload.sources.interface import About, Artifact, Digest, Origin, OriginKind, Progress, Source
from safeload.sources.readable import Readable

_CHUNK = 4 * limits.MIB


class PrivateFile:
    """A sealed copy in memory (memfd, Linux) or an unlinked temporary file; readable by descriptor and as a stream."""

    def __init__(self, source: BinaryIO) -> None:
        self._descriptor = -1
        self._descriptor, self._sealable = _anonymous()
        sha = hashlib.sha256()
        size = 0
        try:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > limits.PRIVATE_COPY:
                    raise SourceError(
                        f"The pickle is larger than {limits.PRIVATE_COPY // limits.GIB} GiB, too large to be copied.",
                        next="Convert it to safetensors, or save its parts separately.",
                    )
                sha.update(chunk)
                sealable.write(self._descriptor, chunk)
        except BaseException:
            self.close()
            raise
        if self._sealable:
            sealable.seal(self._descriptor)
        self.size: int = size
        self.digest = Digest(algorithm="sha256", hex=sha.hexdigest())

    def read_at(self, offset: int, n: int) -> bytes:
        return os.pread(self._descriptor, n, offset)

    def fileno(self) -> int:
        return self._descriptor

    def stream(self) -> BinaryIO:
        """A new binary file over the copy, positioned at its beginning."""
        file = os.fdopen(os.dup(self._descriptor), "rb")
        file.seek(0)
        return file

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        self.close()


def _anonymous() -> tuple[int, bool]:
    if hasattr(os, "memfd_create"):
        return sealable.memory(), True
    descriptor, name = tempfile.mkstemp(prefix="safeload-")
    Path(name).unlink()
    return descriptor, False


class _Borrowed:
    """The private file as a `Readable` that its reader may close without losing it."""

    def __init__(self, file: PrivateFile) -> None:
        self._file = file

    @property
    def size(self) -> int | None:
        return self._file.size

    def read_at(self, offset: int, n: int) -> bytes:
        return self._file.read_at(offset, n)

    def fileno(self) -> int | None:
        return self._file.fileno()

    def close(self) -> None:
        return None


class MemorySource(Source):
    """One private file as a source. `name` is where the bytes came from, for people."""

    def __init__(self, file: PrivateFile, *, name: str) -> None:
        self.file = file
        self.origin = Origin(kind=OriginKind.LOCAL, name=name)
        self.path = Path(name).name or "data"

    def files(self) -> tuple[Artifact, ...]:
        return (Artifact(path=self.path, size=self.file.size, digest=self.file.digest),)

    def open(self, path: str) -> Readable:
        if path != self.path:
            raise NotFound(f"There is no {path} in {self.origin.name}.")
        return _Borrowed(self.file)

    def cached(self, path: str) -> Path | None:
        return None

    def fetch(self, paths: Sequence[str], progress: Progress) -> Mapping[str, Path]:
        return {}

    def about(self) -> About:
        return About()
