"""Where a report goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import sys

from safeload.cli.errors import Undelivered
from safeload.errors import UsageError
from safeload.lean import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from safeload.report.style import Style


class Output:
    """`with Output(path) as output: output.write(text)`. Raises `UsageError` before any work when it cannot."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._final: Path | None = None
        self._temporary: Path | None = None
        if path is None and sys.stdout is None:  # closed by whoever started us
            raise Undelivered(OSError(errno.EBADF, os.strerror(errno.EBADF)))
        self._stream: TextIO = sys.stdout

    @property
    def style(self) -> Style:
        from safeload.report.style import Style

        return Style.of(self._stream)

    def __enter__(self) -> Output:
        if self.path is not None:
            try:
                self._open(self.path)
            except (OSError, ValueError, RuntimeError) as error:  # ValueError: a NUL byte; RuntimeError: a cyclic link
                raise self._cannot(error) from error
        return self

    def _open(self, path: Path) -> None:
        final = path.resolve()  # behind a link: the file, not the link, is replaced
        if final.exists() and not final.is_file():
            if final.is_dir():
                raise IsADirectoryError(None, "it is a folder")
            # A device or a pipe cannot be replaced by a file, and must not be.
            self._stream = final.open("w", encoding="utf-8")
            return
        import tempfile
        from pathlib import Path

        handle, name = tempfile.mkstemp(prefix=f".{final.name[:100]}.", suffix=".part", dir=final.parent)
        self._final, self._temporary = final, Path(name)
        self._stream = os.fdopen(handle, "w", encoding="utf-8")

    def write(self, text: str) -> None:
        """Raises `Undelivered` when standard output cannot take it, `UsageError` when the file cannot."""
        from safeload.report.style import encodable

        try:
            self._stream.write(encodable(text, self._stream.encoding or "ascii"))
            self._stream.flush()
        except OSError as error:
            if self.path is None:
                raise Undelivered(error) from error
            raise self._cannot(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path is None:
            return
        try:
            if self._final is not None and kind is None:
                self._put_in_place(self._final)
            else:
                self._stream.close()
        except OSError as problem:
            if kind is None:
                raise self._cannot(problem) from problem
        finally:
            if self._temporary is not None:
                self._remove(self._temporary)

    @staticmethod
    def _remove(temporary: Path) -> None:
        try:
            temporary.unlink()
        except OSError:
            return

    def _put_in_place(self, final: Path) -> None:
        assert self._temporary is not None  # noqa: S101  (made together)
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._temporary.chmod(_mode(final))
        self._temporary.replace(final)

    def _cannot(self, error: Exception) -> UsageError:
        why = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return UsageError(f"The report cannot be written to {self.path} ({why}).", next="Choose another --output.")


def _mode(final: Path) -> int:
    """The mode of the file that is replaced, or what any new file would get here."""
    try:
        return stat.S_IMODE(final.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0o077)
        os.umask(mask)
        return 0o666 & ~mask
