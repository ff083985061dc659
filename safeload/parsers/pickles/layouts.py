"""How the elements of an array of numpy lie in memory: size, flags, what lies over what."""

from __future__ import annotations

from safeload.lean import Final, record

# https://numpy.org/doc/stable/reference/c-api/types-and-structures.html: a dtype's flags.
OBJECT_FLAGS: Final = 63
INHERITED: Final = 27  # of those, what a dtype with such a field has
_HARMLESS: Final = 8 | 16  # say only how numpy handles elements that hold no addresses; releases differ in them
_ALIGNED: Final = 128
ALIGNMENTS: Final = frozenset({1, 2, 4, 8, 16})


@record(frozen=True, slots=True, kw_only=True)
class Layout:
    """`flags` are numpy's; `repeated`: an array within each element, which only a field can be."""

    size: int
    flags: int = 0
    repeated: bool = False

    @property
    def objects(self) -> bool:
        return bool(self.flags & 1)


def flags_fit(flags: int, expected: int) -> bool:
    """Whether elements hold objects decides everything; for those that do, nothing else may differ either."""
    bare = flags & ~_ALIGNED
    return bare == expected & ~_ALIGNED if expected & 1 else not bare & ~_HARMLESS


def covered(places: list[tuple[int, int, bool]]) -> bool:
    """Does anything lie over objects?"""
    any_end = objects_end = 0
    for start, end, objects in places:
        if start < (any_end if objects else objects_end):
            return True
        any_end = max(any_end, end)
        objects_end = max(objects_end, end if objects else 0)
    return False
