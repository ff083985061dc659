"""The indices of torch's sparse tensors, held against their sizes: torch takes a checkpoint's word for them.

`_rebuild_sparse_tensor` checks nothing unless `torch.sparse.check_sparse_tensor_invariants` is on, which it is not. A
forged index then has the tensor write wherever it leads, when it is used.
"""

from __future__ import annotations

import sys
from array import array
from itertools import pairwise
from math import prod

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Callable, Final, record, replace
from safeload.parsers.pickles.contents import Unread
from safeload.parsers.pickles.ledger import Ledger
from safeload.parsers.pickles.machine import VM_ERRORS, Machine, Nowhere
from safeload.parsers.pickles.parameters import SPARSE
from safeload.parsers.pickles.shapes import ODD, UNREAD, is_storage
from safeload.parsers.pickles.standins import Inert, Named

if TYPE_CHECKING:
    from safeload.parsers.facts import PickleFacts, Use
    from safeload.parsers.reader import Reader

Record = Callable[[str], "Reader | None"]  # the bytes of a storage by its key; None where that is not one record
_CODES: Final = {"LongStorage": "q", "IntStorage": "i"}
_COLUMNS: Final = {"torch.sparse_csr": False, "torch.sparse_csc": True}  # which side is compressed


def settled(facts: PickleFacts, stream: Reader, record: Record) -> PickleFacts:
    """The facts of a pickle in which no sparse tensor is unread any more that could be looked at."""
    # Over a network nothing large is read; the local scan before a grant does it.
    fits = _fit(stream, record) if stream.local and len(facts.streams) == 1 else not stream.local or None
    if fits is None:
        return facts
    uses = [use for use in facts.uses if not _is_unread(use)]
    uses += [replace(use, shape=ODD) for use in facts.uses if _is_unread(use) and not fits]
    return replace(facts, uses=tuple(uses))


def _is_unread(use: Use) -> bool:
    return (use.module, use.name) == SPARSE and use.shape == UNREAD


def _fit(stream: Reader, record: Record) -> bool | None:
    made: list[tuple[Any, ...]] = []
    specials: dict[tuple[str, str], Any] = {**_KEPT, SPARSE: _collecting(made)}
    try:
        Machine(stream.file(), _Stored(), Nowhere(), special=specials).load()
        return all(_one_fits(args, record) for args in made)
    except (*VM_ERRORS, Malformed, Unread):
        return None


@record(frozen=True, slots=True, kw_only=True)
class _Storage:
    key: str
    kind: str
    numel: int


class _Stored(Ledger):
    """Persistent ids are answered with what they name. As in torch, the first id of a key is what the key is."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, _Storage] = {}

    def answer(self, pid: Any) -> Any:
        if not is_storage(pid):
            return super().answer(pid)
        storage = _Storage(key=pid[2], kind=pid[1].page.name, numel=pid[4])
        return self._known.setdefault(storage.key, storage)


class _NamedKept(Named):
    def blank(cls) -> Any:
        made = super().blank()
        made.given = None
        return made

    def begin(cls, made: Any, args: tuple[Any, ...]) -> bool:
        made.given = args
        return True


class _Kept(Inert, metaclass=_NamedKept):
    """What a call was given, as long as nothing changed it."""

    __slots__ = ("given",)

    given: tuple[Any, ...] | None

    def __setstate__(self, state: Any) -> None:
        self.given = None

    def __setitem__(self, key: Any, value: Any) -> None:
        self.given = None


def _collecting(made: list[tuple[Any, ...]]) -> Any:
    class NamedCollecting(_NamedKept):
        def begin(cls, one: Any, args: tuple[Any, ...]) -> bool:
            made.append(args)
            return super().begin(one, args)

    return NamedCollecting("Collected", (_Kept,), {"__slots__": ()})


_LAYOUT: Final = ("torch.serialization", "_get_layout")
_TENSOR: Final = ("torch._utils", "_rebuild_tensor_v2")
_SIZE: Final = ("torch", "Size")
_KEPT: Final = dict.fromkeys((_LAYOUT, _TENSOR, _SIZE), _Kept)


def _given(value: Any, name: tuple[str, str]) -> tuple[Any, ...] | None:
    if not isinstance(value, _Kept):
        return None
    page = type(value).page
    return value.given if (page.module, page.name) == name else None


def _one_fits(args: tuple[Any, ...], record: Record) -> bool:
    layout, data = (_given(args[0], _LAYOUT), args[1]) if len(args) == 2 else (None, None)
    if layout is None or len(layout) != 1 or type(data) is not tuple or len(data) not in (3, 4):
        raise Unread
    if layout[0] == "torch.sparse_coo":
        return _coordinates(data, _sides(data[2]), record)
    if layout[0] not in _COLUMNS or len(data) != 4:
        raise Unread  # blocks, which hardly anybody saves
    return _compressed(data, _sides(data[3]), record, turned=_COLUMNS[layout[0]])


def _coordinates(data: tuple[Any, ...], sides: tuple[int, ...], record: Record) -> bool:
    indices, values = _view(data[0]), _view(data[1])
    if len(indices.size) != 2:
        return False
    deep, count = indices.size
    if deep > len(sides) or values.size != (count, *sides[deep:]) or (len(data) == 4 and type(data[3]) is not bool):
        return False
    numbers = _numbers(indices, record)
    rows = [_row(numbers, indices, number) for number in range(deep)]
    if not all(_below(row, side) for row, side in zip(rows, sides, strict=False)):
        return False
    # What says that it is coalesced is believed, too: each place once, in order.
    return not (len(data) == 4 and data[3]) or all(one < two for one, two in pairwise(zip(*rows, strict=True)))


def _compressed(data: tuple[Any, ...], sides: tuple[int, ...], record: Record, *, turned: bool) -> bool:
    starts, plain, values = map(_view, data[:3])
    if len(sides) != 2:
        raise Unread  # batches
    rows, width = reversed(sides) if turned else sides
    if starts.size != (rows + 1,) or len(plain.size) != 1 or values.size != plain.size:
        return False
    first, second = _numbers(starts, record), _numbers(plain, record)
    ends, places = _row(first, starts, 0), _row(second, plain, 0)
    if ends[0] != 0 or ends[-1] != len(places) or any(one > two for one, two in pairwise(ends)):
        return False
    ordered = all(one < two for start, end in pairwise(ends) for one, two in pairwise(places[start:end]))
    return ordered and _below(places, width)


def _below(numbers: array[int], side: int) -> bool:
    return not numbers or (min(numbers) >= 0 and max(numbers) < side)


def _sides(value: Any) -> tuple[int, ...]:
    given = _given(value, _SIZE)
    sides = given[0] if given is not None and len(given) == 1 else value
    if type(sides) is not tuple or not all(type(side) is int and side >= 0 for side in sides):
        raise Unread
    return sides


@record(frozen=True, slots=True, kw_only=True)
class _View:
    """What `_rebuild_tensor_v2` makes: so many numbers of a storage on each side, in steps."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def _view(value: Any) -> _View:
    """Raises `Unread` where it is not plain, as with metadata behind the hooks, which can turn the numbers' signs."""
    given = _given(value, _TENSOR)
    if given is None or len(given) != 6 or not isinstance(given[0], _Storage) or type(given[1]) is not int:
        raise Unread
    size, stride = _sides(given[2]), _sides(given[3])
    if len(size) != len(stride) or given[1] < 0:
        raise Unread
    return _View(storage=given[0], offset=given[1], size=size, stride=stride)


def _numbers(view: _View, record: Record) -> array[int]:
    """All numbers of the storage behind a view. Raises `Unread`, also where the view is not inside of it."""
    code = _CODES.get(view.storage.kind)
    data = record(view.storage.key) if code is not None and sys.byteorder == "little" else None
    if code is None or data is None or data.size > limits.ARRAYS_HELD:
        raise Unread
    numbers: array[int] = array(code)
    if data.size != view.storage.numel * numbers.itemsize:
        raise Unread
    last = view.offset + sum((side - 1) * step for side, step in zip(view.size, view.stride, strict=True))
    if prod(view.size) and last >= view.storage.numel:
        raise Unread
    numbers.frombytes(data.read_at(0, data.size))
    return numbers


def _row(numbers: array[int], view: _View, row: int) -> array[int]:
    """One row of a view of two dimensions; all of one of one dimension."""
    count, step = view.size[-1], view.stride[-1]
    start = view.offset + (row * view.stride[0] if len(view.size) == 2 else 0)
    if not step:
        return numbers[start : start + 1] * count
    return numbers[start : start + (count - 1) * step + 1 : step] if count else array(numbers.typecode)
