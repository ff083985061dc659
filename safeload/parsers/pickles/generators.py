"""Stand-ins for numpy's random number generators, which count positions in tables of fixed size without a check."""

from __future__ import annotations

from safeload.lean import Any, Final
from safeload.parsers.pickles.shapes import masked
from safeload.parsers.pickles.standins import Inert

_WORDS: Final = 624  # of the Mersenne twister
_BUFFER: Final = 4  # of Philox


class Generator(Inert):
    """A generator that a state winds forward: a dictionary, alone or before the seed it came from."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        first = state[0] if type(state) is tuple and state else state
        type(self).page.state(state, odd=type(first) is dict and not _within(first))


def _within(state: dict[Any, Any]) -> bool:
    inner = state.get("state")
    return (
        type(inner) is dict
        and not masked(inner)
        and _at_most(inner.get("pos", 0), _WORDS)
        and _at_most(state.get("buffer_pos", 0), _BUFFER)
    )


def _at_most(value: Any, size: int) -> bool:
    return type(value) is int and 0 <= value <= size


SPECIALS: Final[dict[tuple[str, str], type[Inert]]] = dict.fromkeys(
    (("numpy.random._pickle", name) for name in ("__bit_generator_ctor", "__randomstate_ctor", "__generator_ctor")),
    Generator,
)
