"""Pickles of the protocols 0 and 1 among plain values, where nothing marks their start.

Only what would unpickle such a value can make it run, and that has a name which is judged itself. So this search is
bounded, and leaves out what most texts have.
"""

from __future__ import annotations

from collections import deque

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final, Iterable, Iterator, pattern
from safeload.parsers.pickles.quick import NUMBERS
from safeload.parsers.pickles.shapes import could_be_pickle

if TYPE_CHECKING:
    from safeload.parsers.pickles.ledger import Ledger

# The second line of GLOBAL or INST, before an opcode that such a name is of use to. It starts with one certain byte,
# which is what keeps the search fast.
_NAME: Final = pattern(
    rb"\n([A-Za-z_][\w.]*)(?=\n(?:[()\]}\x85-\x87.0R]|p\d|q[\x00-\x1f]|[SV'\"]|[IFLg]\d|[NXUTCBJKM]))"
)
_MODULE: Final = pattern(rb"[ci]([A-Za-z_][\w.]*)\Z")
_LINE: Final = 200  # bytes of a module's name
_BACK: Final = 1024  # bytes between a mark and the INST that it belongs to
_MARKS: Final = 4


class Lines:
    """Places where a pickle could start, until so many were tried."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._left = limits.PLAIN_TRIES
        self._names: dict[str, set[str]] | None = None

    def forget(self) -> None:
        """More names are known than before."""
        self._names = None

    def starts(self, data: bytes | bytearray) -> Iterator[int]:
        for match in _NAME.finditer(data):
            line = _MODULE.search(data, max(0, match.start() - _LINE), match.start())
            if line is None:
                continue
            begin = data.rfind(b"\n", max(0, line.start() - _LINE), line.start()) + 1
            if self._known(data[begin or line.start() : match.start()], match[1]):
                continue
            self._left -= 1
            if self._left < 0:
                return
            yield line.start()
            if data[line.start()] == ord("i"):
                yield from _marks(data, line.start())

    def _known(self, line: bytes | bytearray, name: bytes) -> bool:
        """The outer pickle's own names, behind whatever it has on the same line: each of them would be tried."""
        if self._names is None:
            self._names = {}
            for use in self._ledger.uses():
                self._names.setdefault(use.name, set()).add(use.module)
        modules = self._names.get(name.decode("latin-1"), ())
        text = line.decode("latin-1")  # a second line, with what comes behind it, reads like a first one
        return text in self._names or any(text.endswith(module) for module in modules)


def _marks(data: bytes | bytearray, end: int) -> Iterator[int]:
    """INST takes what lies on the stack since the last mark."""
    at = end
    for _ in range(_MARKS):
        at = data.rfind(b"(", max(0, end - _BACK), at)
        if at < 0:
            return
        yield at


def only_numbers(value: Any) -> bool:
    """Is there nothing in it but numbers, in containers that are not too many to look at?"""
    waiting = [value]
    left = limits.PLAIN_VALUES
    while waiting:
        one = waiting.pop()
        if one.__class__ in NUMBERS:
            continue
        if one.__class__ not in (list, tuple, dict):
            return False
        items = (one, one.values()) if one.__class__ is dict else (one,)
        if all(_adds_up(part) or NUMBERS.issuperset(map(type, part)) for part in items):
            continue
        left -= sum(map(len, items))
        if left < 0:
            return False
        waiting += [item for part in items for item in part]
    return True


def _adds_up(items: Iterable[Any]) -> bool:
    """Only numbers can be added to a number, which is faster than a look at each. To a float: integers would grow."""
    try:
        sum(items, 0.0)
    except (TypeError, OverflowError):
        return False
    return True


def literals(values: Iterable[Any]) -> Iterator[bytes]:
    """Strings that could be pickles among plain values: protocol 0 writes their line ends in another way."""
    left = limits.PLAIN_VALUES
    waiting = deque(values)
    while waiting and left > 0:
        value = waiting.popleft()
        left -= 1
        kind = value.__class__
        if kind in (tuple, list):
            waiting.extend(value[:left])
        elif kind is dict:
            waiting.extend(list(value.values())[:left])
        elif kind in (str, bytes) and value and could_be_pickle(value):
            yield value.encode("latin-1", "replace") if kind is str else value
