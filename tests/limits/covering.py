"""Which limits a test reaches, for `test_every_limit`."""

from __future__ import annotations

from collections.abc import Callable

COVERS: dict[str, Callable[..., None]] = {}


def covers(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """These are reached by the test that follows."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        COVERS.update(dict.fromkeys(names, test))
        return test

    return note
