"""Dictionaries that a library holds on to instead of copying: what a stream does to one afterwards is seen."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safeload.parsers.pickles.standins import Noted


class _Key:
    """A field's name in a dictionary that numpy holds on to: whoever looks it up is about to change the dtype."""

    __slots__ = ("_page", "name")

    def __init__(self, name: str, page: Noted) -> None:
        self.name = name
        self._page = page

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        self._page.state(None, odd=True)
        return False


def seal(fields: dict[Any, Any], page: Noted) -> dict[Any, Any]:
    """numpy does not copy a dtype's fields, so the stream could still set others. From now on that is seen."""
    held = unsealed(fields)
    fields.clear()
    for name, field in held.items():
        fields[_Key(name, page)] = field
    return fields


def unsealed(fields: dict[Any, Any]) -> dict[Any, Any]:
    return {key.name if type(key) is _Key else key: field for key, field in fields.items()}
