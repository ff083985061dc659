"""The hub client's progress bars, turned into our progress."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from safeload.sources.interface import Progress


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
