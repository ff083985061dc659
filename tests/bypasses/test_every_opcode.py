"""16: every opcode that the running CPython has is run, or refused with a gap that says so."""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable

import pytest

from safeload.scanners.interface import Report, Unscanned
from tests.builders import opcodes as op
from tests.bypasses.conftest import rules

Look = Callable[..., Report]
# What an opcode needs before it, and its argument, so that it succeeds. A mark is MARK in `stack_before`.
_VALUES = {
    "any": b"N", "int": b"K\x01", "int_or_bool": b"K\x01", "float": b"G" + struct.pack(">d", 1.5), "str": op.text("x"),
    "bytes_or_str": op.text("x"), "bytes": op.data(b"x"), "bytearray": b"\x96\x01\0\0\0\0\0\0\0x", "None": b"N",
    "bool": b"\x88", "tuple": b")", "list": b"]", "dict": b"}", "set": b"\x8f", "frozenset": b"(\x91", "mark": b"(",
    "buffer": b"\x96\x01\0\0\0\0\0\0\0x", "stackslice": b"NN",
}  # fmt: skip
_SPECIAL = {
    "GLOBAL": b"cbuiltins\nlist\n",
    "INST": b"(ibuiltins\nlist\n",
    "STACK_GLOBAL": op.stack_global("builtins", "list"),
    "REDUCE": op.glob("builtins", "list") + b")R",
    "OBJ": b"(" + op.glob("builtins", "list") + b"o",
    "NEWOBJ": op.glob("builtins", "list") + b")\x81",
    "NEWOBJ_EX": op.glob("builtins", "list") + b")}\x92",
    "BUILD": op.glob("argparse", "Namespace") + b")\x81}b",
    "GET": b"Np1\ng1\n", "BINGET": b"Nq\x01h\x01", "LONG_BINGET": b"Nr\x01\0\0\0j\x01\0\0\0", "PUT": b"Np1\n",
    "DUP": b"N2", "POP": b"NN0", "POP_MARK": b"N(N1", "MARK": b"(t", "STOP": b"N", "PROTO": b"\x80\x05N",
    "FRAME": b"\x95\x01\0\0\0\0\0\0\0N", "STRING": b"S'x'\n", "INT": b"I1\n", "LONG": b"L1L\n", "FLOAT": b"F1.0\n",
    "UNICODE": b"Vx\n", "PERSID": b"Px\n", "TUPLE2": b"NN\x86", "TUPLE3": b"NNN\x87", "TUPLE1": b"N\x85",
    "LONG1": b"\x8a\x01\x01", "LONG4": b"\x8b\x01\0\0\0\x01", "SETITEM": b"}NNs", "SETITEMS": b"}(NNu",
    "APPEND": b"]Na", "APPENDS": b"](Ne", "ADDITEMS": b"\x8f(N\x90", "DICT": b"(NNd", "BINPUT": b"Nq\x01",
    "LONG_BINPUT": b"Nr\x01\0\0\0", "MEMOIZE": b"N\x94",
}  # fmt: skip
_ARGUMENTS = {1: b"\x01", 2: b"\x01\0", 4: b"\x01\0\0\0", 8: b"\x01\0\0\0\0\0\0\0"}
# 18, 50, and buffers that the file does not have: nobody can know what these give.
_REFUSED = {
    "EXT1": "extension", "EXT2": "extension", "EXT4": "extension", "NEXT_BUFFER": "out-of-band", "PERSID": "",
    "BINPERSID": "",
}  # fmt: skip


def stream(opcode: pickletools.OpcodeInfo) -> bytes:
    if opcode.name in _SPECIAL:
        return op.proto(5) + _SPECIAL[opcode.name] + op.STOP
    before = b"".join(_VALUES[value.name] for value in opcode.stack_before)
    after = b""
    if opcode.arg is not None:
        n = opcode.arg.n
        after = b"\x01x" if n == -2 else b"\x01\0\0\0x" if n in (-3, -4) else _ARGUMENTS[8] + b"x" if n == -5 else b""
        after = after or (_ARGUMENTS[n] if n > 0 else b"")
    return op.proto(5) + before + opcode.code.encode("latin-1") + after + op.STOP


@pytest.mark.parametrize("opcode", pickletools.opcodes, ids=lambda opcode: opcode.name)
def test_every_opcode_is_run_or_refused(opcode: pickletools.OpcodeInfo, look: Look) -> None:
    report = look(stream(opcode))
    gaps = [result for result in report.results if isinstance(result, Unscanned)]
    if opcode.name not in _REFUSED:
        assert gaps == []
    elif _REFUSED[opcode.name]:
        (gap,) = gaps
        assert _REFUSED[opcode.name] in gap.detail
    else:
        assert "pickle-odd-persistent-id" in rules(report)
