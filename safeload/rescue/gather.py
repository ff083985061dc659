"""A tensor's elements in their order, from a file in which they may stand in another."""

from __future__ import annotations

import os
from itertools import repeat

from safeload import limits
from safeload.lean import TYPE_CHECKING, Final, Iterator, Sequence

if TYPE_CHECKING:
    from typing import Literal

    from safeload.rescue.interface import Piece

_PIECE: Final = 4 * limits.MIB  # a multiple of every element
_CODES: Final[dict[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def elements(descriptor: int, piece: Piece) -> Iterator[bytes]:
    """Its bytes, a few at a time. Raises `EOFError` where the file has become shorter."""
    found = _straight(descriptor, piece) if piece.stride == (1,) else _gathered(descriptor, piece)
    return (_swapped(data, piece.swap) for data in found) if piece.swap else found


def _straight(descriptor: int, piece: Piece) -> Iterator[bytes]:
    end = piece.at + piece.span
    for at in range(piece.at, end, _PIECE):
        yield _exactly(descriptor, at, min(_PIECE, end - at))


def _gathered(descriptor: int, piece: Piece) -> Iterator[bytes]:
    """By slices of what its elements span, which takes as much memory as that: C picks each row's elements."""
    numbers = memoryview(_exactly(descriptor, piece.at, piece.span)).cast(_CODES[piece.item])
    *outer, n = piece.shape
    *steps, step = piece.stride
    held = bytearray()
    for start in _starts(outer, steps, 0):
        if step:
            held += numbers[start : start + (n - 1) * step + 1 : step].tobytes()
        else:
            yield bytes(held)
            held.clear()
            yield from _repeated(numbers[start : start + 1].tobytes(), n)
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


def _starts(shape: Sequence[int], stride: Sequence[int], at: int) -> Iterator[int]:
    """Where each row begins, counted in elements."""
    if not shape:
        yield at
        return
    n, step = shape[0], stride[0]
    places = range(at, at + n * step, step) if step else repeat(at, n)
    if len(shape) == 1:
        yield from places
        return
    for place in places:
        yield from _starts(shape[1:], stride[1:], place)


def _repeated(one: bytes, n: int) -> Iterator[bytes]:
    most = _PIECE // len(one)
    while n:
        now = min(n, most)
        yield one * now
        n -= now


def _swapped(data: bytes, size: int) -> bytes:
    turned = bytearray(len(data))
    for place in range(size):
        turned[place::size] = data[size - 1 - place :: size]
    return bytes(turned)


def _exactly(descriptor: int, at: int, n: int) -> bytes:
    parts = []
    while n:
        data = os.pread(descriptor, n, at)
        if not data:
            raise EOFError
        parts.append(data)
        at, n = at + len(data), n - len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)
