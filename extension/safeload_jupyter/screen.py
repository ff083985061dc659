"""The one output of a cell that a load writes to, replaced as the load goes on."""

from __future__ import annotations

import time
from typing import Any

from IPython.display import DisplayHandle, display

from safeload.report import words

_PAUSE = 0.2  # seconds between two progress lines: a page is not a terminal


class Screen:
    """Shows a panel, a live panel or a progress line where the one before stood. Is a `Progress` too.

    `quiet` leaves progress out: for terminals, where nothing can be replaced.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._handle: DisplayHandle | None = None
        self._panel = {"text/html": "", "text/plain": ""}
        self._step = ""
        self._last = 0.0

    @property
    def empty(self) -> bool:
        """No panel has been shown, at most progress."""
        return not self._panel["text/html"]

    def panel(self, *, html: str, text: str) -> None:
        """A panel that stays: plain HTML, so that the saved notebook shows it without a kernel."""
        self._panel = {"text/html": html, "text/plain": text}
        self._put(self._panel, raw=True)

    def live(self, widget: Any) -> None:
        self._put(widget, raw=False)

    def step(self, text: str) -> None:
        self._step = text
        self._progress(f"{text}…")

    def bytes(self, done: int, total: int | None) -> None:
        if time.monotonic() - self._last >= _PAUSE:
            self._last = time.monotonic()
            of = f" of {words.size(total)}" if total else ""
            self._progress(f"{self._step}: {words.size(done)}{of}")

    def stopped(self, target: str) -> None:
        """In place of progress that will not go on; the cell's error says why."""
        if self.empty and self._handle is not None:
            from safeload.report.html import render_line
            from safeload.report.panelrows import Tone

            text = f"Not loaded: {words.plain(target, 200)}"
            self.panel(html=render_line(text, mark="✕", tone=Tone.BAD), text=f"✕ {text}")

    def _progress(self, text: str) -> None:
        if self._quiet:
            return
        from safeload.report.html import render_line

        shown = words.plain(text, 200)
        html = self._panel["text/html"] + render_line(shown)
        self._put({"text/html": html, "text/plain": f"{self._panel['text/plain']}\n… {shown}".strip()}, raw=True)

    def _put(self, shown: Any, *, raw: bool) -> None:
        options = {"raw": True} if raw else {}
        if self._handle is None:
            self._handle = display(shown, display_id=True, **options)
        else:
            self._handle.update(shown, **options)
