"""One line on stderr that says what is going on, on a terminal only."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from safeload.report.style import encodable
from safeload.report.words import plain, size

_AGAIN = 0.1  # seconds between two lines about the same step
_CLEAR = "\r\x1b[2K"


class Line:
    """The `Progress` of the command line: rewritten in place, gone at the end, silent where nobody watches."""

    def __init__(self) -> None:
        self._on = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "", None)
        self._text = ""
        self._at = 0.0

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def step(self, text: str) -> None:
        self._text = text
        self._write(text)

    def bytes(self, done: int, total: int | None) -> None:
        if time.monotonic() - self._at >= _AGAIN:
            of = f" of {size(total)}" if total is not None else ""
            self._write(f"{self._text} {size(done)}{of}")

    def clear(self) -> None:
        if self._on and self._at:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        if not self._on:
            return
        self._at = time.monotonic()
        import shutil

        shown = plain(text, max(shutil.get_terminal_size().columns - 1, 10))
        sys.stderr.write(_CLEAR + encodable(shown, sys.stderr.encoding or "ascii"))
        sys.stderr.flush()
