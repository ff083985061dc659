"""Hostile pickles, opcode by opcode. Payloads are inert: they make an empty marker file that a test then looks for."""

from __future__ import annotations

import struct
from pathlib import Path

MARK, STOP, POP, DUP, REDUCE, BUILD, TUPLE = b"(", b".", b"0", b"2", b"R", b"b", b"t"
EMPTY_TUPLE, EMPTY_DICT, EMPTY_LIST, NONE = b")", b"}", b"]", b"N"
TUPLE1, TUPLE2, TUPLE3, NEWOBJ, NEWOBJ_EX = b"\x85", b"\x86", b"\x87", b"\x81", b"\x92"
STACK_GLOBAL, MEMOIZE, OBJ, BINPERSID = b"\x93", b"\x94", b"o", b"Q"
SETITEM, SETITEMS, APPEND, APPENDS, ADDITEMS = b"s", b"u", b"a", b"e", b"\x90"


def proto(n: int = 4) -> bytes:
    return b"\x80" + bytes([n])


def glob(module: str, name: str) -> bytes:
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    raw = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def data(value: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(value)) + value


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + STACK_GLOBAL


def put(index: int) -> bytes:
    return b"q" + bytes([index])


def get(index: int) -> bytes:
    return b"h" + bytes([index])


def frame(body: bytes, *, length: int | None = None) -> bytes:
    return b"\x95" + struct.pack("<Q", len(body) if length is None else length) + body


def touch(marker: Path) -> bytes:
    """Opcodes that call `open(marker, "w")` and leave its result on the stack."""
    return glob("builtins", "open") + text(str(marker)) + text("w") + TUPLE2 + REDUCE


def inst_touch(marker: Path) -> bytes:
    """The same by INST, in protocol 0."""
    return b"(V" + str(marker).encode() + b"\nVw\nibuiltins\nopen\n"


def obj_touch(marker: Path) -> bytes:
    """The same by OBJ."""
    return MARK + glob("builtins", "open") + text(str(marker)) + text("w") + OBJ


def evil(marker: Path, *, protocol: int = 2) -> bytes:
    """A whole pickle that does nothing but make the marker."""
    return proto(protocol) + touch(marker) + STOP
