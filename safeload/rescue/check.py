"""The worker's plan, held against the file: the worker has read hostile bytes, so nothing it says is believed."""

from __future__ import annotations

from safeload import limits
from safeload.errors import NotConverted
from safeload.lean import Final
from safeload.parsers.plan import Plan, Storage, Tensor
from safeload.rescue.interface import Piece

# Bytes of an element, by safetensors' word.
_ITEM: Final = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "U16": 2, "U32": 4,
    "U64": 8, "BOOL": 1, "C64": 8, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1,
}  # fmt: skip
_DIMENSIONS: Final = 64  # as torch has them at most
_MOST: Final = 1 << 62
_RESERVED: Final = "__metadata__"


def pieces(plan: Plan, *, size: int, file: str) -> tuple[Piece, ...]:
    """The tensors of a file of `size` bytes. Raises `NotConverted`."""
    found: list[Piece] = []
    names: set[str] = set()
    room, rows = size + limits.RESCUE_GROWTH, limits.RESCUE_ROWS
    for tensor in plan.tensors:
        if tensor.name in names or not _sound(tensor.name):
            raise _lie(file, tensor, "has a name that safetensors cannot hold, or that another has")
        names.add(tensor.name)
        if not 0 <= tensor.storage < len(plan.storages):
            raise _lie(file, tensor, "is in a storage that is not there")
        piece = _piece(tensor, plan.storages[tensor.storage], size, file)
        room -= piece.size
        rows -= _rows(piece)
        if room < 0:
            raise _lie(file, tensor, "repeats its numbers until nobody could store them")
        if rows < 0:
            raise _lie(file, tensor, "would take too long to put in order")
        found.append(piece)
    return tuple(found)


def _piece(tensor: Tensor, storage: Storage, size: int, file: str) -> Piece:
    item = _ITEM.get(tensor.dtype)
    shape, stride = tensor.shape, tensor.stride
    if item is None:
        raise _lie(file, tensor, "is of a type that safetensors does not have")
    if len(shape) != len(stride) or len(shape) > _DIMENSIONS:
        raise _lie(file, tensor, "has a shape that is none")
    if any(not 0 <= n < _MOST for n in (*shape, *stride, tensor.offset)):
        raise _lie(file, tensor, "has a size or a stride that is negative, or beyond any memory")
    if storage.offset < 0 or storage.length < 0 or storage.offset + storage.length > size:
        raise _lie(file, tensor, "is in a storage that reaches beyond the end of the file")
    count = 1
    for extent in shape:
        count *= extent
        if count >= _MOST:
            raise _lie(file, tensor, "has more elements than there could be")
    last = sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) if count else -1
    if (tensor.offset + last + 1) * item > storage.length:
        raise _lie(file, tensor, "reaches beyond the end of its storage")
    kept, steps = _merged(shape, stride) if count else ((0,), (1,))
    return Piece(
        name=tensor.name, dtype=tensor.dtype, said=shape, shape=kept, stride=steps, item=item,
        at=storage.offset + tensor.offset * item, span=(last + 1) * item,
        swap=(4 if tensor.dtype == "C64" else item) if storage.swap and item > 1 else 0,
    )  # fmt: skip


def _merged(shape: tuple[int, ...], stride: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Without dimensions of one, and with those as one of which each goes on where the one behind it ends."""
    kept: list[int] = []
    steps: list[int] = []
    for n, step in zip(shape, stride, strict=True):
        if n == 1:
            continue
        if kept and steps[-1] == n * step:
            kept[-1], steps[-1] = kept[-1] * n, step
        else:
            kept.append(n)
            steps.append(step)
    return tuple(kept) or (1,), tuple(steps) or (1,)


def _rows(piece: Piece) -> int:
    if len(piece.shape) == 1:
        return 1
    rows = 1
    for n in piece.shape[:-1]:
        rows *= n
    return rows


def _sound(name: str) -> bool:
    """Any text is a name, but half a character."""
    return name != _RESERVED and len(name) <= limits.RESCUE_NAME and not any("\ud800" <= c <= "\udfff" for c in name)


def _lie(file: str, tensor: Tensor, what: str) -> NotConverted:
    return NotConverted(
        f"{file} was not converted: tensor {ascii(tensor.name)[:80]} {what}.",
        next="No reader could get it whole. Ask its authors for another file.",
    )
