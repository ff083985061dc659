"""The worker's loop: one request, one artifact, one answer."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes three enumerations
import codecs
import gc
import os
import sys
import time
from _socket import CMSG_LEN, socket

from safeload import limits
from safeload.lean import TYPE_CHECKING, Any, Final, sha256
from safeload.parsers import external, tiers
from safeload.parsers.coding import encode
from safeload.parsers.examine import examine
from safeload.parsers.facts import Gap, GapReason, Part
from safeload.parsers.reader import Reader
from safeload.parsers.sandbox import rights, spoken, wire
from safeload.parsers.sandbox.deaths import OUT_OF_MEMORY

if TYPE_CHECKING:
    from safeload.lean import Mapping
    from safeload.parsers.visit import Read

_CODECS: Final = ("ascii", "latin-1", "utf-8", "unicode_escape", "raw_unicode_escape")
_REQUEST: Final = 64 * limits.KIB


class Lost(BaseException):
    """The parent could not deliver bytes. Not an `Exception`: no parser may take it for a fault of the file."""


def forever() -> None:
    """Say hello with what was given up, then serve until the parent closes its end."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    for name in _CODECS:
        codecs.lookup(name)  # nothing can be imported later
    sha256()
    channel = socket(fileno=0)
    hello = spoken.loads(wire.receive(channel, most=_REQUEST))
    if hello["light"]:
        tiers.light()
    else:
        tiers.load()
    others = external.load(hello["kinds"])
    gc.disable()
    given = rights.give_up(memory=int(hello["memory"]))
    _reply(channel, {"op": "hello", "had": list(given.had), "missing": list(given.missing)})
    leave, reserve = os._exit, bytearray(limits.MIB)
    gc.freeze()  # what is here now stays: collecting after each file looks at that file's objects only
    while True:
        try:
            _serve(channel, others)
        except EOFError:
            return
        except MemoryError:
            reserve.clear()  # leaving takes a little too
            leave(OUT_OF_MEMORY)  # even the answer found none


def _serve(channel: socket, others: Mapping[str, Read]) -> None:
    descriptor, request = _request(channel)
    rights.cpu(float(request["cpu"]), used=time.process_time())
    if request["op"] == "batch":
        _batch(channel, request["files"], others)
    else:
        try:
            reader = _reader(channel, descriptor, int(request["size"]))
            reader.artifact = bool(request["hashed"])
            wire.send(channel, _answer(_examine(reader, str(request["purpose"]), others)))
        except Lost:
            _reply(channel, {"op": "lost"})
        finally:
            if descriptor is not None:
                os.close(descriptor)
    gc.collect()  # while the parent judges


def _batch(channel: socket, files: list[tuple[int, str]], others: Mapping[str, Read]) -> None:
    """Small files whose bytes came along. Each is answered at once: nothing that comes later changes what was said."""
    data = wire.receive(channel, most=sum(size for size, _ in files))
    at = 0
    for number, (size, purpose) in enumerate(files):
        content = data[at : at + size]
        at += size
        parts = _examine(_whole(content), purpose, others)
        if number and any(part.gap is not None and part.gap.reason is GapReason.LIMIT for part in parts):
            del parts
            gc.collect()  # what was left of the others may have been what it lacked
            parts = _examine(_whole(content), purpose, others)
        wire.send(channel, _answer(parts))


def _whole(content: bytes) -> Reader:
    reader = Reader.of_bytes(content)
    reader.artifact = True
    return reader


def _answer(parts: tuple[Part, ...]) -> bytes:
    """What is the whole of an artifact has no length either: files that differ in nothing else have equal answers."""
    said = encode(parts)
    for stream in said[0].get("pickle", {}).get("streams", ()):
        if stream.get("whole"):
            stream.pop("length", None)
    return spoken.dumps({"op": "done", "parts": said})


def _request(channel: socket) -> tuple[int | None, dict[str, Any]]:
    head, beside, _, _ = channel.recvmsg(wire.LENGTH, CMSG_LEN(4))
    descriptors = [int.from_bytes(data[:4], sys.byteorder) for _, _, data in beside]
    if not head:
        raise EOFError
    request = spoken.loads(wire.receive(channel, most=_REQUEST, head=head))
    return (descriptors[0] if descriptors else None), request


def _reader(channel: socket, descriptor: int | None, size: int) -> Reader:
    if descriptor is not None:
        return Reader.of_descriptor(descriptor, size=size)
    return Reader.of_callback(lambda offset, n: _ask(channel, offset, n), size=size)


def _examine(reader: Reader, purpose: str, others: Mapping[str, Read]) -> tuple[Part, ...]:
    try:
        return examine(reader, purpose=purpose, others=others)
    except tiers.Beyond:
        gap = Gap(reason=GapReason.MISSING_DEPENDENCY, detail="another worker reads this")
        return (Part(format="unknown", needs=tiers.READING, gap=gap),)
    except (MemoryError, RecursionError) as error:
        gap = Gap(reason=GapReason.LIMIT, detail=f"{type(error).__name__} while it was read")
        return (Part(format="unknown", gap=gap),)


def _ask(channel: socket, offset: int, n: int) -> bytes:
    """Bytes of a file that only the parent can reach; its first byte tells whether it could."""
    if n > limits.RANGE_REQUEST:
        parts = [
            _ask(channel, at, min(limits.RANGE_REQUEST, offset + n - at))
            for at in range(offset, offset + n, limits.RANGE_REQUEST)
        ]
        return b"".join(parts)
    _reply(channel, {"op": "read", "offset": offset, "n": n})
    data = wire.receive(channel, most=limits.RANGE_REQUEST + 1)
    if data[:1] != b"\0":
        raise Lost
    return data[1:]


def _reply(channel: socket, message: dict[str, Any]) -> None:
    wire.send(channel, spoken.dumps(message))
