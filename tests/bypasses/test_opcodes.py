"""B: stack, memo and opcodes. A scanner that guesses at one of them does not see what the unpickler does."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import opcodes as op
from tests.builders.checkpoints import torch_legacy
from tests.bypasses.conftest import Attack, rules

Build = Callable[[Path], bytes]
CALL = op.TUPLE2 + op.REDUCE


def arguments(marker: Path) -> bytes:
    return op.text(str(marker)) + op.text("w")


# 12: operands of STACK_GLOBAL, which are on the stack, and not among the strings before it (GHSA-9gvj-pp9x-gcfr).
OPERANDS: dict[str, Build] = {
    "strings of protocol 0": lambda m: b"S'builtins'\nS'open'\n\x93" + arguments(m) + CALL,
    "strings of protocol 1": lambda m: b"U\x08builtinsU\x04open\x93" + arguments(m) + CALL,
    "popped and doubled": lambda m: op.text("builtins") + op.text("decoy") + b"0" + op.text("open") + op.text("x")
    + b"200\x93" + arguments(m) + CALL,
    "at the very start": lambda m: op.stack_global("builtins", "open") + arguments(m) + CALL,
}  # fmt: skip


@pytest.mark.parametrize("case", OPERANDS)
def test_operands_are_taken_from_the_stack(case: str, attack: Attack) -> None:
    assert "pickle-dangerous-call" in rules(attack(op.proto() + OPERANDS[case](attack.marker) + op.STOP))


# 13: memo entries that are not what the opcode before them pushed.
MEMO: dict[str, Build] = {
    "memoize after get": lambda m: op.text("builtins") + b"\x940" + op.text("open") + b"\x940" + op.get(0) + b"\x940"
    + op.get(2) + op.get(1) + b"\x93" + arguments(m) + CALL,
    "memoize after pop": lambda m: op.text("open") + op.NONE + b"0\x940" + op.text("builtins") + op.get(0) + b"\x93"
    + arguments(m) + CALL,
    "put twice at one index": lambda m: op.text("decoy") + op.put(0) + b"0" + op.text("open") + op.put(0) + b"0"
    + op.text("builtins") + op.get(0) + b"\x93" + arguments(m) + CALL,
    "memoize behind a hole": lambda m: op.text("decoy") + op.put(7) + b"0" + op.text("open") + b"\x940"
    + op.text("builtins") + op.get(1) + b"\x93" + arguments(m) + CALL,
}  # fmt: skip


@pytest.mark.parametrize("case", MEMO)
def test_the_memo_holds_what_was_on_the_stack(case: str, attack: Attack) -> None:
    assert "pickle-dangerous-call" in rules(attack(op.proto() + MEMO[case](attack.marker) + op.STOP))


def test_operands_that_nobody_can_know_are_a_gap(attack: Attack) -> None:
    """14: a name that a call returns. `str(b'…', 'ascii')` makes no string of ours, but one of the real loader."""
    made = op.glob("builtins", "str") + op.data(b"open") + op.text("ascii") + op.TUPLE2 + op.REDUCE
    stream = op.proto() + op.text("builtins") + made + b"\x93" + arguments(attack.marker) + CALL + op.STOP
    attack(stream)


# 15: calls that leave nothing behind (GHSA-mxhj-88fx-4pcv, GHSA-h4rm-mm56-xf63).
TRACELESS: dict[str, Build] = {
    "reduce, popped": lambda m: op.touch(m) + b"0N",
    "obj, popped": lambda m: op.obj_touch(m) + b"0N",
    "inst, popped": lambda m: op.inst_touch(m) + b"0N",
    "popped to the mark": lambda m: op.MARK + op.touch(m) + b"1N",
    "newobj_ex, popped": lambda m: op.glob("builtins", "tuple") + op.glob("builtins", "map")
    + op.glob("builtins", "open") + b"](" + op.text(str(m)) + b"e](" + op.text("w") + b"e\x87}\x92\x85}\x920N",
}  # fmt: skip


@pytest.mark.parametrize("case", TRACELESS)
def test_a_call_counts_where_it_is_made(case: str, attack: Attack) -> None:
    found = rules(attack(op.proto() + TRACELESS[case](attack.marker) + op.STOP))
    assert found & {"pickle-dangerous-call", "pickle-dangerous-import"}


# 16: opcodes that a scanner has never heard of, in front of the payload.
RARE: dict[str, bytes] = {
    "BYTEARRAY8": b"\x96\x01\0\0\0\0\0\0\0x",
    "READONLY_BUFFER": b"\x96\x01\0\0\0\0\0\0\0x\x98",
    "FLOAT": b"F1.5\n",
    "LONG": b"L5L\n",
    "LONG4": b"\x8b\x01\0\0\0\x05",
    "BINUNICODE8": b"\x8d\x01\0\0\0\0\0\0\0x",
    "BINBYTES8": b"\x8e\x01\0\0\0\0\0\0\0x",
    "DICT": b"(d",
    "LIST": b"(l",
    "FROZENSET": b"(\x91",
    "EMPTY_SET": b"\x8f",
    "GET of protocol 0": b"Np9\n0g9\n",
}


@pytest.mark.parametrize("case", RARE)
def test_no_opcode_stops_the_reading(case: str, attack: Attack) -> None:
    stream = op.proto(5) + RARE[case] + b"0" + op.touch(attack.marker) + op.STOP
    assert "pickle-dangerous-call" in rules(attack(stream))


def test_buffers_that_only_the_loader_has_do_not_end_the_reading(attack: Attack) -> None:
    stream = op.proto(5) + b"\x97\x980" + op.touch(attack.marker) + op.STOP
    loader = "import pickle; pickle.load(open(path, 'rb'), buffers=[b'x'])"
    assert "pickle-dangerous-call" in rules(attack(stream, loader=loader))


# 17: a pickle in a literal, bare or in a coat, and the call that undoes it.
def unpickled(literal: bytes, *through: tuple[str, str]) -> bytes:
    for module, name in through:
        literal = op.glob(module, name) + literal + op.TUPLE1 + op.REDUCE
    return op.proto(3) + op.glob("pickle", "loads") + literal + op.TUPLE1 + op.REDUCE + op.STOP


NESTED: dict[str, Build] = {
    "bytes": lambda m: unpickled(op.data(op.evil(m))),
    "protocol 0": lambda m: unpickled(op.data(op.inst_touch(m) + op.STOP)),
    "base64": lambda m: unpickled(op.data(base64.b64encode(op.evil(m))), ("base64", "b64decode")),
    "hexadecimal": lambda m: unpickled(op.text(op.evil(m).hex()), ("binascii", "unhexlify")),
    "zlib": lambda m: unpickled(op.data(zlib.compress(op.evil(m))), ("zlib", "decompress")),
    "zlib in base64": lambda m: unpickled(
        op.data(base64.b64encode(zlib.compress(op.evil(m)))), ("base64", "b64decode"), ("zlib", "decompress")
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NESTED)
def test_a_pickle_in_a_literal_is_read_too(case: str, attack: Attack) -> None:
    report = attack(NESTED[case](attack.marker))
    assert any("builtins.open" in text for finding in report.findings for text in finding.evidence)


def test_a_pickle_among_plain_values_is_read_too(attack: Attack) -> None:
    """What will unpickle it is the program that asked for the dictionary."""
    stream = op.proto(3) + op.EMPTY_DICT + op.text("blob") + op.data(op.inst_touch(attack.marker) + op.STOP) + b"s."
    report = attack(stream, loader="import pickle; pickle.loads(pickle.load(open(path, 'rb'))['blob'])")
    assert "pickle-dangerous-call" in rules(report)


@pytest.mark.parametrize("opcode", [op.text("open") + op.BINPERSID, b"Popen\n"], ids=["BINPERSID", "PERSID"])
def test_an_id_that_is_not_torchs_is_found(opcode: bytes, attack: Attack) -> None:
    """18: the loader makes what the id asks for."""
    loader = (
        "import builtins, pickle\nclass U(pickle.Unpickler):\n"
        " def persistent_load(self, pid): return getattr(builtins, pid)\nU(open(path, 'rb')).load()"
    )
    report = attack(op.proto() + opcode + arguments(attack.marker) + CALL + op.STOP, loader=loader)
    assert "pickle-odd-persistent-id" in rules(report)


@pytest.mark.parametrize("position", range(5))
def test_every_pickle_of_a_legacy_checkpoint_is_read(position: int, attack: Attack) -> None:
    """19: the loader reads five; the first is a magic number."""
    pickles = [torch_legacy(b"")[:15], b"\x80\x02M\xe9\x03.", b"\x80\x02}.", b"\x80\x02}.", b"\x80\x02]."]
    pickles[position] = op.proto(2) + op.touch(attack.marker) + b"0" + pickles[position][2:]
    attack(b"".join(pickles), loader="torch")


def test_a_later_stream_is_read(attack: Attack) -> None:
    stream = (op.proto(2) + b"}.") * 20 + op.evil(attack.marker)
    assert "pickle-dangerous-call" in rules(attack(stream, loader="every stream"))


def test_a_later_stream_that_only_some_decoders_take(attack: Attack) -> None:
    """20: `I0x10` is a number for the unpickler, and an error for others."""
    attack(op.proto(2) + b"}." + b"I0x10\n0" + op.touch(attack.marker) + op.STOP, loader="every stream")


def test_a_memo_that_outlives_its_stream(attack: Attack) -> None:
    """One unpickler for all streams: the second stream's first MEMOIZE is not at index 0."""
    first = op.proto() + op.text("open") + op.MEMOIZE + op.STOP
    second = op.proto() + op.text("chr") + op.MEMOIZE + b"0" + op.text("builtins") + op.get(0) + b"\x93"
    stream = first + second + arguments(attack.marker) + CALL + op.STOP
    assert "pickle-dangerous-call" in rules(attack(stream, loader="one unpickler"))
