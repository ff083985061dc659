"""The process in which fickling decompiles: started by path, with site-packages, without rights once it is warm.

It reads one request from the socket that is its descriptor 0, asks for bytes, and answers with one text a pickle.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import pickle
import pickletools
import signal
import socket
import sys
import types
from pathlib import PurePath

from safeload.lean import Any


def _package() -> None:
    """Make `safeload.parsers` importable without `safeload/__init__.py`, which belongs to the user's process."""
    package = types.ModuleType("safeload")
    package.__path__ = [str(PurePath(__file__).parent.parent)]
    sys.modules["safeload"] = package


def main() -> None:
    _package()
    from safeload import limits
    from safeload.parsers import visit  # noqa: F401  # Nothing can be imported later.
    from safeload.parsers.containers import member  # noqa: F401
    from safeload.parsers.reader import Reader
    from safeload.parsers.sandbox import rights, wire  # Nothing can be imported later.

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    channel = socket.socket(fileno=0)
    request = json.loads(wire.receive(channel, most=limits.WORKER_MESSAGE))
    _answer_failures(channel)
    _warm()
    rights.give_up(memory=limits.EXPLAIN_MEMORY)
    rights.cpu(limits.EXPLAIN_CPU, used=0)

    def ask(offset: int, n: int) -> bytes:
        _send(channel, {"op": "read", "offset": offset, "n": n})
        return wire.receive(channel, most=limits.RANGE_REQUEST + 1)

    reader = Reader.of_callback(ask, size=int(request["size"]))
    for stream in request["streams"]:
        data = _bytes_of(reader, request["member"], stream)
        text = decompiled(data)
        absent = [name for name in request["names"] if name not in text and _names(data, name)]
        _send(channel, {"op": "text", "text": shortened(text, request["names"]), "absent": absent})
    _send(channel, {"op": "done"})


def decompiled(data: bytes) -> str:
    """The Python that unpickling `data` amounts to, as fickling sees it."""
    from fickling.fickle import Pickled

    return ast.unparse(Pickled.load(io.BytesIO(data)).ast)


def shortened(text: str, names: list[str]) -> str:
    """The first lines, and every line that mentions one of `names`, within the limits."""
    from safeload import limits

    lines = [line[: limits.EXPLAIN_LINE] for line in text.split("\n")]
    if sum(map(len, lines)) + len(lines) <= limits.EXPLAIN_TEXT:
        return "\n".join(lines)
    kept: list[str] = []
    room = limits.EXPLAIN_TEXT // 2
    for number, line in enumerate(lines):
        first = room > limits.EXPLAIN_TEXT // 4
        if first or any(name in line for name in names):
            kept.append(line)
            room -= len(line) + 1
        elif kept[-1] != "# ...":
            kept.append("# ...")
        if room < 0:
            kept.append(f"# {len(lines) - number - 1:,} more lines")
            break
    return "\n".join(kept)


def _bytes_of(reader: Any, way: list[str], stream: dict[str, Any]) -> bytes:
    """One pickle's bytes. Of several members with one name, the one that was scanned: by its digest."""
    from safeload.errors import Malformed
    from safeload.parsers.containers import member
    from safeload.parsers.visit import Budget

    offset, length = int(stream["offset"]), int(stream["length"])
    data, budget = b"", Budget()
    for content in member.contents(reader, way, budget):
        data = bytes(content.upto(offset, length))
        if hashlib.sha256(data).hexdigest() == stream["sha256"]:
            break
    if not data:
        raise Malformed("no such member")
    return _undone(data, budget)


def _undone(data: bytes, budget: Any) -> bytes:
    """A compressed pickle is scanned as the compressed file that a loader is given; what it holds is what is shown."""
    from safeload import limits
    from safeload.parsers.containers import member
    from safeload.parsers.reader import Reader

    inner = next(member.unpacked(Reader.of_bytes(data), budget), None)
    return data if inner is None else bytes(inner.upto(0, limits.EXPLAIN_PICKLE))


def _names(data: bytes, name: str) -> bool:
    return name.encode("utf-8", "replace") in data


def _warm() -> None:
    """Import and run everything once: afterwards this process may import nothing."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        sample = pickle.dumps({"a": [1, ("text", {3})], "b": io.BytesIO, "c": pickletools.OpcodeInfo}, protocol)
        decompiled(sample)


def _answer_failures(channel: socket.socket) -> None:
    """Whatever fickling raises on hostile bytes ends this process, after the parent was told its kind."""

    def hook(kind: type[BaseException], error: BaseException, trace: object) -> None:
        _send(channel, {"op": "failed", "why": kind.__name__})

    sys.excepthook = hook


def _send(channel: socket.socket, message: dict[str, Any]) -> None:
    from safeload.parsers.sandbox import wire

    wire.send(channel, json.dumps(message).encode("ascii"))


if __name__ == "__main__":
    main()
