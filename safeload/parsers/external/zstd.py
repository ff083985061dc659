"""Zstandard frames, as pandas undoes them; the standard library has the codec only since Python 3.14."""

from __future__ import annotations

import zstandard

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Iterator
from safeload.parsers.containers.forward import opened
from safeload.parsers.pickles import joblib

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_STEP = 4 * limits.KIB  # of input: one block of 128 KiB can come from four bytes


def read(reader: Reader, visit: Visit) -> Parts:
    content = opened(lambda: _pieces(reader), spend=visit.budget.inflate, local=reader.local)
    return joblib.read_undone(reader, visit, content)


def _pieces(packed: Reader) -> Iterator[bytes]:
    """The content of all frames, one after the other. Raises `Malformed`."""
    maker = zstandard.ZstdDecompressor(max_window_size=limits.DICTIONARY)
    undo = maker.decompressobj()
    fresh = True
    try:
        for _, data in packed.chunks(0, packed.size):
            for start in range(0, len(data), _STEP):
                rest = data[start : start + _STEP]
                while rest:
                    if undo.eof:
                        undo, fresh = maker.decompressobj(), True
                    piece = undo.decompress(rest)
                    fresh = False
                    rest = undo.unused_data if undo.eof else b""
                    if piece:
                        yield piece
    except zstandard.ZstdError as error:
        raise Malformed("its zstd frame is broken, or something else follows it") from error
    if fresh or not undo.eof:
        raise Malformed("its zstd frame is cut short")
