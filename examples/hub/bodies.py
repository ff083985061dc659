"""Bytes of files on their way to a client: whole, by ranges, or wrongly where a fault says so."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hub.store import File

if TYPE_CHECKING:
    from hub.faults import Fault
    from hub.handler import Handler

CHUNK = 256 * 1024
BOUNDARY = "hub-part-boundary"
Piece = bytes | tuple[Path, int, int]  # bytes, or (file, offset, length)


class Body:
    """Pieces to send. Files are read in chunks while they are sent, never whole."""

    def __init__(self, *pieces: Piece, flip: bool = False) -> None:
        self.pieces = pieces
        self.flip = flip
        self.length = sum(len(p) if isinstance(p, bytes) else p[2] for p in pieces)

    def send(self, handler: Handler, status: int, headers: dict[str, str]) -> None:
        faults, entry = handler.faults, handler.entry
        plain = status in (200, 206)
        length = self.length
        if plain and "truncated" in faults:
            length = max(0, length - max(1, faults["truncated"].after))
        cut: Fault | None = faults.get("cut") if plain else None
        slow: Fault | None = faults.get("slow") if plain else None
        announced = length
        if handler.command == "HEAD" and plain and "head-size" in faults:
            announced += faults["head-size"].size
        entry["status"] = status
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(announced))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        end = min(length, cut.after) if cut else length
        for chunk in self._chunks(end, slow.chunk if slow and slow.chunk_delay else CHUNK):
            if slow and slow.chunk_delay:
                slow.cleared.wait(slow.chunk_delay)
            # Counted before it is sent: a client that has the last byte finds it in the log.
            entry["bytes"] += len(chunk)
            handler.wfile.write(chunk)
        if cut and end < length:
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

    def _chunks(self, end: int, size: int) -> Iterator[bytes]:
        left = end
        for piece in self.pieces:
            for chunk in _read(piece, size):
                if left <= 0:
                    return
                kept = chunk[:left]
                left -= len(kept)
                yield bytes(b ^ 0x55 for b in kept) if self.flip else kept


def _read(piece: Piece, size: int) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        for start in range(0, len(piece), size):
            yield piece[start : start + size]
        return
    path, offset, left = piece
    with path.open("rb") as stream:
        stream.seek(offset)
        while left > 0 and (chunk := stream.read(min(size, left))):
            left -= len(chunk)
            yield chunk


def answer_file(handler: Handler, file: File, headers: dict[str, str]) -> None:
    """The whole file, or the ranges that were asked for (200, 206, 416)."""
    handler.take_body_faults()
    faults, store = handler.faults, handler.hub.store
    whole, by_range = store.blob(file.blob), store.blob(file.ranges)
    flip = "bytes" in faults
    headers = {"Content-Type": "application/octet-stream", **headers}
    asked = handler.headers.get("Range")
    if asked is None or "range-ignored" in faults:
        Body((whole, 0, whole.stat().st_size), flip=flip).send(handler, 200, headers)
        return
    size = by_range.stat().st_size
    ranges = parse_ranges(asked, size)
    if ranges is None:
        Body(b"").send(handler, 416, {**headers, "Content-Range": f"bytes */{size}"})
        return
    if "range-shifted" in faults:
        ranges = [_shift(start, end, size) for start, end in ranges]
    if "range-short" in faults:
        ranges = [(start, start + (end - start) // 2) for start, end in ranges]
    flip = flip or "range-bytes" in faults
    labels = [f"bytes {start}-{end - 1}/{size}" for start, end in ranges]
    if "range-mislabelled" in faults:
        labels = [f"bytes {start + 1}-{end}/{size}" for start, end in ranges]
    if len(ranges) == 1:
        start, end = ranges[0]
        Body((by_range, start, end - start), flip=flip).send(handler, 206, {**headers, "Content-Range": labels[0]})
        return
    pieces: list[Piece] = []
    for label, (start, end) in zip(labels, ranges, strict=True):
        pieces += [f"\r\n--{BOUNDARY}\r\nContent-Range: {label}\r\n\r\n".encode(), (by_range, start, end - start)]
    pieces.append(f"\r\n--{BOUNDARY}--\r\n".encode())
    headers["Content-Type"] = f"multipart/byteranges; boundary={BOUNDARY}"
    Body(*pieces).send(handler, 206, headers)


def parse_ranges(asked: str, size: int) -> list[tuple[int, int]] | None:
    """Half-open ranges within the file, or None where nothing of it was asked for."""
    ranges = []
    for spec in asked.removeprefix("bytes=").split(","):
        match = re.fullmatch(r"\s*(\d*)-(\d*)\s*", spec)
        if match is None or not asked.startswith("bytes=") or not any(match.groups()):
            return None
        first, last = match.groups()
        if first:
            start, end = int(first), min(int(last) + 1, size) if last else size
        else:
            start, end = max(0, size - int(last)), size
        if start < end:
            ranges.append((start, end))
    return ranges or None


def _shift(start: int, end: int, size: int) -> tuple[int, int]:
    """Another range of the same length where there is room for one."""
    step = 16 if end + 16 <= size else -min(16, start)
    return start + step, end + step
