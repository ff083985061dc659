"""Other libraries' progress bars, kept out of a cell that has its own line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRANSFORMERS = "transformers.utils.logging"


@contextmanager
def without_bars() -> Iterator[None]:
    """tqdm saves a widget into the notebook which says "0%" for ever once the kernel is gone.

    Through public switches of huggingface_hub and transformers; what the user chose in the environment stands.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    hub_shows = not are_progress_bars_disabled()
    before = sys.modules.get(_TRANSFORMERS)
    transformers_shows = before.is_progress_bar_enabled() if before is not None else hub_shows
    if constants.HF_HUB_DISABLE_PROGRESS_BARS is not None or not (hub_shows or transformers_shows):
        yield
        return
    # transformers, where it is imported from here on, starts with what the hub's switch says.
    disable_progress_bars()
    if before is not None:
        before.disable_progress_bar()
    try:
        yield
    finally:
        if transformers_shows and (after := sys.modules.get(_TRANSFORMERS)) is not None:
            after.enable_progress_bar()
        if hub_shows:
            enable_progress_bars()
        else:
            disable_progress_bars()
