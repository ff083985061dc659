"""FlatBuffers written by hand: every offset leads forwards, so that pieces can be put one behind the other."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Piece:
    """Bytes, and where in them an offset has to lead."""

    data: bytes
    entry: int = 0


Value = int | str | list["Piece"] | Piece


def table(fields: dict[int, Value]) -> Piece:
    """Fields by their place in the schema; each takes four bytes."""
    places = sorted(fields)
    layout = bytearray(4 + 2 * (max(places, default=-1) + 1))
    struct.pack_into("<HH", layout, 0, len(layout), 4 + 4 * len(places))
    body = bytearray(struct.pack("<i", len(layout)))
    behind = bytearray()
    size = 4 + 4 * len(places)
    for index, place in enumerate(places):
        struct.pack_into("<H", layout, 4 + 2 * place, 4 + 4 * index)
        value = fields[place]
        if isinstance(value, int):
            body += struct.pack("<i", value)
            continue
        piece = _piece(value)
        body += struct.pack("<I", size - len(body) + len(behind) + piece.entry)
        behind += piece.data
    return Piece(bytes(layout + body + behind), len(layout))


def _piece(value: str | list[Piece] | Piece) -> Piece:
    if isinstance(value, str):
        raw = value.encode()
        return Piece(struct.pack("<I", len(raw)) + raw + b"\0")
    if isinstance(value, Piece):
        return value
    head = bytearray(struct.pack("<I", len(value)))
    behind = bytearray()
    for piece in value:
        head += struct.pack("<I", 4 + 4 * len(value) - len(head) + len(behind) + piece.entry)
        behind += piece.data
    return Piece(bytes(head + behind))


def file(root: Piece, identifier: bytes) -> bytes:
    return struct.pack("<I", 8 + root.entry) + identifier + root.data


def tflite(
    *operators: dict[int, Value], files: tuple[str, ...] = (), buffers: tuple[tuple[int, int], ...] = ()
) -> bytes:
    """`operators` are OperatorCodes; `buffers` are offsets and sizes of what lies behind the tables."""
    more: dict[int, Value] = {8: [table({0: name}) for name in files]} if files else {}
    if buffers:
        more[4] = [_buffer(*one) for one in buffers]
    return file(table({0: 3, 1: [table(one) for one in operators], 3: "made by hand", **more}), b"TFL3")


def _buffer(offset: int, size: int) -> Piece:
    layout = struct.pack("<HHHHH", 10, 20, 0, 4, 12)
    return Piece(layout + struct.pack("<iQQ", len(layout), offset, size), len(layout))


def executorch(operators: tuple[str, ...] = (), backends: tuple[str, ...] = ()) -> bytes:
    plan = table(
        {0: "forward", 6: [table({0: one, 1: "out"}) for one in operators], 7: [table({0: one}) for one in backends]}
    )
    return file(table({0: 0, 1: [plan]}), b"ET12")
