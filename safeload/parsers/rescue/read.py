"""The tensors of a checkpoint, as places in its file. Runs in the worker only."""

from __future__ import annotations

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any
from safeload.parsers.facts import GapReason, Part
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.plan import RESCUE, Dropped, Plan, Storage, Tensor
from safeload.parsers.rescue.legacy import Legacy
from safeload.parsers.rescue.machine import Names
from safeload.parsers.rescue.places import Archive, Layout, opened
from safeload.parsers.rescue.standins import Dtype, Held, Numbers, View
from safeload.parsers.rescue.walk import Path, Walk

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit


def read(reader: Reader, visit: Visit) -> Parts:
    """One part with the plan. Raises `Malformed`: a plan of half a file is none."""
    names = Names()
    layout = opened(reader, names, visit.budget.inflate)
    walk = Walk()
    walk.visit(layout.value)
    if isinstance(layout, Legacy):
        layout.announce(names.held)
    if isinstance(layout, Archive) and layout.program:
        walk.dropped.append(Dropped(path="", what="the program itself (TorchScript), and its constants"))
    plan = _Plan(layout, walk).made(names)
    return (Part(member=visit.member, format=RESCUE, plan=plan),)


class _Plan:
    def __init__(self, layout: Layout, walk: Walk) -> None:
        self._layout = layout
        self._walk = walk
        self._within = walk.within()
        self._storages: dict[tuple[str, int, int], int] = {}
        self._places: list[Storage] = []
        self._named: dict[str, None] = {}
        self._dropped: list[Dropped] = []

    def made(self, names: Names) -> Plan:
        if len(self._walk.tensors) > limits.RESCUE_TENSORS:
            raise Refused(f"it has more than {limits.RESCUE_TENSORS:,} tensors", reason=GapReason.LIMIT)
        tensors = [one for path, view in self._walk.tensors for one in [self._tensor(path, view)] if one is not None]
        self._layout.check()
        dropped = [*self._dropped, *self._walk.lost, *self._walk.dropped, *self._walk.settings()]
        return Plan(
            tensors=tuple(tensors),
            storages=tuple(self._places),
            dropped=tuple(dropped[: limits.RESCUE_DROPPED]),
            more=max(0, len(dropped) - limits.RESCUE_DROPPED),
            names=tuple(f"{module}.{name}" for module, name in names.met),
            modules=tuple(self._walk.modules),
            within=self._within,
        )

    def _tensor(self, path: Path, view: View) -> Tensor | None:
        name = self._name(path)
        held, dtype = view.storage, view.dtype
        if not isinstance(held, (Held, Numbers)) or (dtype is not None and not isinstance(dtype, Dtype)):
            raise Malformed(f"tensor {ascii(name)[:80]} is not described as torch describes one")
        dtype = dtype or (held.dtype if isinstance(held, Numbers) else held.kind.dtype)
        if not _numbers(view.shape) or not _numbers(view.stride) or type(view.offset) is not int:
            raise Malformed(f"tensor {ascii(name)[:80]} has a shape that is none")
        if not dtype.word:
            what = f"a tensor of {dtype.name}, which safetensors cannot hold"
            self._dropped.append(Dropped(path=name, what=what))
            return None
        return Tensor(
            name=name, dtype=dtype.word, shape=tuple(view.shape), stride=tuple(view.stride),
            storage=self._storage(held), offset=view.offset,
        )  # fmt: skip

    def _name(self, path: Path) -> str:
        name = ".".join(path[1:] if self._within else path)
        if len(name) > limits.RESCUE_NAME:
            raise Refused(f"a tensor's name of {len(name):,} characters", reason=GapReason.LIMIT)
        if name in self._named:
            raise Malformed(f"two tensors would be named {ascii(name)[:80]}")
        self._named[name] = None
        return name

    def _storage(self, held: Held | Numbers) -> int:
        if isinstance(held, Numbers):
            key = ("", held.at, held.length)
            place = Storage(offset=held.at, length=held.length, swap=held.swap)
        else:
            key = (held.key, held.start, held.count)
            place = self._layout.find(held)  # each time: the same key may be said to be larger than before
        index = self._storages.get(key)
        if index is None:
            index = self._storages[key] = len(self._places)
            self._places.append(place)
        return index


def _numbers(value: Any) -> bool:
    return type(value) in (tuple, list) and all(type(one) is int for one in value)
