"""The rest of the sample repositories."""

from __future__ import annotations

from collections.abc import Callable

from hub.samples import Bench

MAKERS: tuple[Callable[[Bench], None], ...] = ()
