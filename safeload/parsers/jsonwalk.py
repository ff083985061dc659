"""JSON values walked without recursion."""

from __future__ import annotations

from safeload.lean import Any, Final, Iterator

_WAY: Final = 200  # characters of the way to a place


def walk(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dictionary in `value` at any depth, with the way to it, in the order of the text."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, dict):
            yield where, item
            pairs: list[tuple[Any, Any]] = list(item.items())
        elif isinstance(item, list):
            pairs = list(enumerate(item))
        else:
            continue
        waiting.extend((_way(where, key), one) for key, one in reversed(pairs) if isinstance(one, (dict, list)))


def _way(where: str, key: Any) -> str:
    return f"{where}.{key!s:.60}"[-_WAY:].lstrip(".")
