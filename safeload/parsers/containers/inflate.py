"""Compressed bytes undone under caps, as the loaders undo them."""

from __future__ import annotations

import zlib

# In C; what `bz2` and `lzma` add for files is not needed, and is imported in every worker.
from _bz2 import BZ2Decompressor
from _lzma import FORMAT_ALONE, LZMADecompressor, LZMAError

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Callable, Final, Generator, Iterator, Protocol
from safeload.parsers.containers.forward import opened
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader

_STEP: Final = 1 * limits.MIB


class _Undo(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Deflate:
    """zlib's object with the interface of the other two: it keeps what it was given and did not use yet."""

    def __init__(self, wbits: int) -> None:
        self._object = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    def decompress(self, data: bytes, limit: int, /) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, limit)


_Codec = tuple[Callable[[], _Undo], type[Exception]]
_UNDO: Final[dict[str, _Codec]] = {
    "zlib": (lambda: _Deflate(15), zlib.error),
    "gzip": (lambda: _Deflate(31), zlib.error),
    "bz2": (BZ2Decompressor, OSError),
    "xz": (LZMADecompressor, LZMAError),
    "lzma": (lambda: LZMADecompressor(format=FORMAT_ALONE), LZMAError),
}
_RAW: Final[_Codec] = (lambda: _Deflate(-15), zlib.error)


def undone(packed: Reader, kind: str, spend: Callable[[int], None]) -> Reader:
    """The content of a compressed file, all its streams one after the other. Raises `Malformed`."""
    return opened(lambda: _streams(packed, 0, _UNDO[kind], many=True), spend=spend, local=packed.local)


def after(packed: Reader, start: int, spend: Callable[[int], None], *, size: int) -> Reader:
    """One zlib stream from `start` to the end, of `size` bytes. Raises `Malformed`."""
    return _exactly(packed, start, _UNDO["zlib"], spend, size=size)


def member(packed: Reader, method: int, spend: Callable[[int], None], *, size: int) -> Reader:
    """A ZIP member by its method, which must become exactly `size` bytes. Raises `Malformed`."""
    if method == 8:
        if size > packed.size * limits.RATIO:
            raise Refused(f"a member that would become {size} bytes", reason=GapReason.LIMIT)
        return _exactly(packed, 0, _RAW, spend, size=size)
    if method == 12:
        return _exactly(packed, 0, _UNDO["bz2"], spend, size=size)
    raise Malformed(f"compression method {method} is not read")


def _exactly(packed: Reader, start: int, codec: _Codec, spend: Callable[[int], None], *, size: int) -> Reader:
    if size > limits.INFLATED:
        raise Refused(f"a member that would become {size} bytes", reason=GapReason.LIMIT)
    made = opened(lambda: _streams(packed, start, codec, many=False), spend=spend, local=packed.local, most=size)
    if made.size != size:
        raise Malformed("a compressed stream has another length than was said")
    return made


def _streams(packed: Reader, start: int, codec: _Codec, *, many: bool) -> Iterator[bytes]:
    """Pieces of the content. Every byte of `packed` must belong to a stream; without `many`, to one."""
    make, error_type = codec
    at = start
    count = 0
    while at < packed.size or not count:
        if count and not many:
            raise Malformed("something follows a compressed stream")
        undo = make()
        try:
            at = yield from _stream(packed, at, undo)
        except (error_type, EOFError) as error:
            raise Malformed("a compressed stream is broken, or something else follows it") from error
        count += 1


def _stream(packed: Reader, at: int, undo: _Undo) -> Generator[bytes, None, int]:
    """One stream from `at`; gives where it ends."""
    while not undo.eof:
        needs = undo.needs_input
        data = packed.upto(at, _STEP) if needs else b""
        at += len(data)
        if needs and not data:
            raise Malformed("a compressed stream is cut short")
        piece = undo.decompress(data, _STEP)
        if piece:
            yield piece
    return at - len(undo.unused_data)
