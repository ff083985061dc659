"""Stand-ins for the parts of pandas' tables: compiled code writes to the places that they say are theirs.

pandas holds the number of the places against the labels, and not the places: one beyond the end is written all the
same, when a column is looked up (`_rebuild_blknos_and_blklocs`, compiled without checks of bounds).
"""

from __future__ import annotations

from functools import partial

from safeload.lean import Any, Final
from safeload.parsers.pickles.contents import Unread, integers
from safeload.parsers.pickles.standins import Inert, Named


class _NamedCall(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.given = ()
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.given = args
        return True


class Slice(Inert, metaclass=_NamedCall):
    """A slice, as it was called."""

    __slots__ = ("given",)

    given: tuple[Any, ...]


class Block(Inert, metaclass=_NamedCall):
    """A part of a table: values, places, dimensions."""

    __slots__ = ("given",)

    given: tuple[Any, ...]


class _NamedTable(Named):
    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        blocks = args[0] if args else None
        if type(blocks) is not tuple or not all(isinstance(one, Block) for one in blocks):
            return False
        cls.page.check(partial(_placed, blocks))
        return True


class Table(Inert, metaclass=_NamedTable):
    """The parts of a table together."""

    __slots__ = ()


def _placed(blocks: tuple[Block, ...]) -> bool | None:
    """Are their places those from 0 on, each once? pandas itself counts them against the labels."""
    try:
        places = [_places(one.given[1] if len(one.given) == 3 else None) for one in blocks]
    except Unread:
        return None
    if any(one is None for one in places):
        return False
    count = sum(len(one) for one in places if one is not None)
    return all(not one or (min(one) >= 0 and max(one) < count) for one in places if one is not None)


def _places(placement: Any) -> Any:
    """The numbers of a slice or of an array; None for anything else."""
    if not isinstance(placement, Slice):
        return integers(placement)
    given = placement.given
    numbers = [1 if index == 2 and one is None else one for index, one in enumerate(given)]
    whole = len(numbers) in (2, 3) and all(type(one) is int for one in numbers) and 0 not in numbers[2:]
    return range(*numbers) if whole else None


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = {
    ("builtins", "slice"): Slice,
    ("__builtin__", "slice"): Slice,
    ("pandas._libs.internals", "_unpickle_block"): Block,
    ("pandas.core.internals.managers", "BlockManager"): Table,
}
