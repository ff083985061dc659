"""A safetensors file, written tensor by tensor.

The library's own writer wants all numbers in memory at once. https://huggingface.co/docs/safetensors/index#format
"""

from __future__ import annotations

import hashlib
import json

from safeload import limits
from safeload.errors import NotConverted
from safeload.lean import TYPE_CHECKING, Final, Mapping, Sequence
from safeload.rescue.gather import elements

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.rescue.interface import Piece

_ALIGNED: Final = 8  # bytes; where the numbers begin
_FORMAT: Final = {"format": "pt"}  # transformers asks for it


def shared(found: Sequence[Piece], *, apart: bool) -> tuple[tuple[Piece, ...], dict[str, str], tuple[str, ...]]:
    """Which tensors are written, which names are aliases of them, which shared numbers and no longer do.

    The first of several names is kept, as in the order of a module the embedding comes before the head that is tied to
    it. `apart`: the configuration says that nothing is tied, so that every name gets numbers of its own.
    """
    kept: dict[tuple[object, ...], Piece] = {}
    written: list[Piece] = []
    aliases: dict[str, str] = {}
    unshared: list[str] = []
    for piece in found:
        key = (piece.at, piece.span, piece.said, piece.shape, piece.stride, piece.dtype)
        first = kept.setdefault(key, piece)
        if first is piece or not piece.size:
            written.append(piece)
        elif apart or piece.name in _FORMAT:
            written.append(piece)
            unshared.append(piece.name)
        else:
            aliases[piece.name] = first.name
    unshared += _overlapping([piece for piece in kept.values() if piece.size])
    return tuple(written), aliases, tuple(unshared)


def _overlapping(distinct: Sequence[Piece]) -> list[str]:
    """Different views of the same bytes: each gets a copy."""
    found, end = [], 0
    for piece in sorted(distinct, key=lambda one: (one.at, -one.span)):
        if piece.at < end:
            found.append(piece.name)
        end = max(end, piece.at + piece.span)
    return found


def write(path: Path, found: Sequence[Piece], aliases: Mapping[str, str], descriptor: int) -> str:
    """The tensors of one file, and its names for the same; the digest of what was written."""
    # As the library itself orders them, so that every tensor begins at a multiple of its element.
    ordered = sorted(found, key=lambda piece: (-piece.item, piece.name))
    head = _header(ordered, aliases)
    sha = hashlib.sha256(head)
    with path.open("xb") as out:
        out.write(head)
        for piece in ordered:
            for data in elements(descriptor, piece):
                out.write(data)
                sha.update(data)
    return sha.hexdigest()


def _header(ordered: Sequence[Piece], aliases: Mapping[str, str]) -> bytes:
    said: dict[str, object] = {"__metadata__": {**aliases, **_FORMAT}}
    at = 0
    for piece in ordered:
        said[piece.name] = {"dtype": piece.dtype, "shape": list(piece.said), "data_offsets": [at, at + piece.size]}
        at += piece.size
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % _ALIGNED)
    if len(text) > limits.HEADER:
        raise NotConverted("It has more tensors than safetensors can name.", next="Ask its authors for another file.")
    return len(text).to_bytes(8, "little") + text
