"""LZ4 frames, as joblib undoes them; the standard library has no such codec."""

from __future__ import annotations

import lz4.frame

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Iterator
from safeload.parsers.containers.forward import opened
from safeload.parsers.pickles import joblib

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_STEP = 4 * limits.MIB


def read(reader: Reader, visit: Visit) -> Parts:
    return joblib.read_undone(
        reader, visit, opened(lambda: _pieces(reader), spend=visit.budget.inflate, local=reader.local)
    )


def _pieces(packed: Reader) -> Iterator[bytes]:
    """The content of its one frame. Raises `Malformed`."""
    undo = lz4.frame.LZ4FrameDecompressor()
    try:
        for _, data in packed.chunks(0, packed.size):
            more = undo.decompress(data, max_length=_STEP)
            while more or not undo.needs_input:
                yield more
                if undo.eof:
                    break
                more = undo.decompress(b"", max_length=_STEP)
            if undo.eof:
                break
    except (RuntimeError, EOFError) as error:
        raise Malformed("its lz4 frame is broken") from error
    if not undo.eof or undo.unused_data:
        raise Malformed("its lz4 frame is cut short, or something else follows it")
