"""Hostile files through a real worker: each is a gap soon, and the worker, or the next one, reads on."""

from __future__ import annotations

import gzip
import lzma
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from safeload import limits
from safeload.lean import Any
from safeload.parsers.facts import GapReason
from safeload.parsers.sandbox.process import Worker
from safeload.parsers.sandbox.workers import Workers
from safeload.policy.interface import Action
from safeload.sources.files import FileReader
from tests.builders import flatbuffers, protobufs
from tests.builders import opcodes as op
from tests.builders.zips import Member, archive
from tests.fuzz import seeds
from tests.scanners.formats import report_on, verdict

pytestmark = pytest.mark.heavy

HUGE = struct.pack("<Q", 1 << 63)


def _little(**given: Any) -> Worker:
    return Worker.start(cpu=1, memory=limits.GIB, **given)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Both, with little time and little memory."""
    started = Workers(_little)
    yield started
    started.close()


def _laughs(opcode: bytes, times: int) -> bytes:
    """Each holds the one before twice."""
    return b"\x80\x04" + b"]\x94" + opcode * times + b"."


LENGTHS = {
    "BINUNICODE8": b"\x8d" + HUGE,
    "BINBYTES8": b"\x8e" + HUGE,
    "BYTEARRAY8": b"\x96" + HUGE,
    "FRAME": b"\x95" + HUGE,
    "BINUNICODE": b"X\xff\xff\xff\xff",
    "BINBYTES": b"B\xff\xff\xff\xff",
    "BINSTRING": b"T\xff\xff\xff\x7f",
    "BINSTRING-below-zero": b"T\xff\xff\xff\xff",
    "LONG4": b"\x8b\xff\xff\xff\x7f",
    "LONG4-below-zero": b"\x8b\xff\xff\xff\xff",
    "LONG_BINPUT": b"Nr\xff\xff\xff\xff",
    "LONG_BINGET": b"j\xff\xff\xff\xff",
    "PUT": b"Np9223372036854775807\n",
    "GET": b"g9223372036854775807\n",
    "INT": b"I" + b"9" * 6_000 + b"\n",
    "LONG": b"L" + b"9" * 2_000_000 + b"L\n",
    "EXT4": b"\x84\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("opcode", LENGTHS)
def test_a_length_that_cannot_be_is_a_gap(opcode: str, workers: Workers) -> None:
    began = time.monotonic()
    for stream in (b"\x80\x04" + LENGTHS[opcode] + b".", b"\x80\x04N." + LENGTHS[opcode] + b"."):
        assert verdict(report_on(workers, stream)) is not Action.ALLOW
    assert time.monotonic() - began < 10


def _bomb(pack: Callable[[bytes], bytes]) -> bytes:
    """A thousand to one, twice over: 300 MB."""
    return pack(pack(bytes(300 << 20)))


BOMBS: dict[str, Callable[[], bytes]] = {
    "tuples-that-double-as-a-key": lambda: b"\x80\x04}" + _laughs(b"2\x86", 60)[4:-1] + b"Ns.",
    "persistent-ids": lambda: b"\x80\x04" + b"N\x85" * 200_000 + b"Q.",
    "yaml-aliases": lambda: b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(9)),
    "xml-entities": lambda: b'<?xml version="1.0"?><!DOCTYPE net [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)) + b']><net name="&j;"/>',
    "json-brackets": lambda: b"[" * 5_000_000,
    "protobuf-in-itself": lambda: _inside(3_000),
    "protobuf-of-nothings": lambda: protobufs.field(1, 8) + protobufs.field(7, b"\x0a\0" * 6_000_000),
    "flatbuffer-vector": lambda: flatbuffers.file(
        flatbuffers.table({0: 3, 1: flatbuffers.Piece(b"\xff" * 64)}), b"TFL3"),
    "msgpack-in-itself": lambda: b"\x81\xa1a" + b"\x91" * 3_000_000,
    "ubjson-in-itself": lambda: b"{L" + struct.pack(">Q", 1) + b"a" + b"[" * 3_000_000,
    "gzip": lambda: _bomb(lambda data: gzip.compress(data, 1)),
    "members-that-overlap": lambda: _overlapping(20_000),
    "a-member-a-thousand-times-larger": lambda: archive(_thousandfold()),
}  # fmt: skip


def _inside(depth: int) -> bytes:
    node = protobufs.onnx_node("Relu")
    for _ in range(depth):
        node = protobufs.onnx_node("If", attributes=protobufs.field(5, protobufs.field(6, protobufs.field(1, node))))
        if len(node) > 1 << 16:
            break
    return protobufs.onnx_model(node)


def _thousandfold() -> list[Member]:
    """Five gigabytes, as eighty members of the same content."""
    data = bytes(64 << 20)
    undo = zlib.compressobj(1, zlib.DEFLATED, -15)
    packed = undo.compress(data) + undo.flush()
    return [Member(name=f"{i}", data=data, packed=packed, crc=0, method=8) for i in range(80)]


def _overlapping(count: int) -> bytes:
    """Every entry of the directory leads to the same member."""
    one = archive([Member(name="aaaaaa", data=bytes(1 << 20), method=8)])
    start = one.index(b"PK\x01\x02")
    entry = one[start : one.index(b"PK\x05\x06")]
    entries = b"".join(entry[:46] + b"%06d" % i for i in range(count))
    return one[:start] + entries + struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entries), start, 0
    )  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_not_allowed_and_soon(bomb: str, workers: Workers) -> None:
    data = BOMBS[bomb]()
    began = time.monotonic()
    report = report_on(workers, data, name="m.yaml" if bomb == "yaml-aliases" else "model")
    assert verdict(report) is not Action.ALLOW
    assert time.monotonic() - began < 12
    assert verdict(report_on(workers, seeds.samples()["safetensors"])) is Action.ALLOW


HARMLESS: dict[str, Callable[[], bytes]] = {
    "one-long-key-many-times": lambda: b"\x80\x02}(" + (op.text("k" * 4_000) + b"N") * 10_000 + b"u.",
    "tuples-that-double": lambda: _laughs(b"2\x86", 200_000),
    "lists-that-hold-the-one-before-twice": lambda: b"\x80\x04]q\0" + b"](h\0h\0eq\0" * 100_000 + b".",
}


@pytest.mark.parametrize("bomb", HARMLESS)
def test_what_explodes_only_when_it_is_walked_is_read(bomb: str, workers: Workers) -> None:
    """Memory and time go by the bytes of the file: nothing here goes through what a stream builds."""
    report = report_on(workers, HARMLESS[bomb]())
    assert report.results[0].format == "pickle"
    assert verdict(report) is Action.ALLOW


CYCLES = {
    "a-list-in-itself": b"\x80\x04]\x94h\x00a.",
    "a-dict-in-itself": b"\x80\x04}\x94NX\x01\0\0\0ah\x00u."[:4] + b"X\x01\0\0\0ah\x00s.",
    "a-tuple-in-its-list": b"\x80\x04]\x94h\x00\x85a.",
    "a-state-in-itself": b"\x80\x04ccollections\nOrderedDict\n)R\x94}X\x01\0\0\0ah\x00sb.",
}


@pytest.mark.parametrize("cycle", CYCLES)
def test_what_holds_itself_is_read_to_the_end(cycle: str, workers: Workers) -> None:
    report = report_on(workers, CYCLES[cycle])
    assert report.results[0].format == "pickle"
    assert not any(getattr(one, "reason", None) is GapReason.LIMIT for one in report.results)


def test_yaml_that_holds_itself_ends(workers: Workers) -> None:
    began = time.monotonic()
    report_on(workers, b"a: &a [*a, *a, *a]\n&b c: *b\n", name="m.yaml")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("size", [10 << 30, 1 << 40])
def test_a_file_of_nothing_but_holes_is_told_by_its_beginning(size: int, tmp_path: Path, workers: Workers) -> None:
    path = tmp_path / "model.bin"
    with path.open("wb") as file:
        file.truncate(size)
    readable = FileReader(path)
    began = time.monotonic()
    parts = workers.examine(readable, name="model.bin")
    readable.close()
    assert time.monotonic() - began < 2
    assert [part.gap.reason.value for part in parts if part.gap is not None] == ["unknown-format"]


def test_xz_of_nothing_ends_at_the_limit(workers: Workers) -> None:
    packed = b"".join([lzma.compress(bytes(16 << 20), preset=0)] * 320)  # 5 GiB, in streams one behind the other
    began = time.monotonic()
    assert verdict(report_on(workers, packed)) is not Action.ALLOW
    assert time.monotonic() - began < 12
