"""For each limit of a parser, a file that has so much of what it counts."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from tests.builders import opcodes as op
from tests.builders import protobufs, tars
from tests.builders.zips import Member, archive
from tests.fuzz import seeds
from tests.limits import weights
from tests.limits.case import Case


def _globals(count: int) -> bytes:
    return op.proto(2) + b"".join(op.glob("collections", f"n{i}") + op.POP for i in range(count)) + b"N."


def _call(literal: bytes) -> bytes:
    return op.proto(2) + op.glob("m", "f") + literal + op.TUPLE1 + op.REDUCE + op.STOP


def _coats(count: int) -> bytes:
    inner = bytes(range(256))
    for _ in range(count):
        inner = zlib.compress(inner)
    return _call(op.data(inner))


def _literal(size: int) -> bytes:
    start = op.proto(2) + op.glob("m", "g") + op.POP
    return _call(op.data(start + op.data(bytes(size - len(start) - 6)) + op.STOP))


def _within(count: int) -> bytes:
    inner = b"text"
    for _ in range(count):
        inner = tars.tar(tars.member("a", inner))
    return inner


def _zip(count: int) -> bytes:
    return archive(Member(name=f"{i}.txt", data=b"text") for i in range(count))


def _tar(count: int) -> bytes:
    return tars.tar(*(tars.member(f"{i}.txt", b"text") for i in range(count)))


def _7z(count: int) -> bytes:
    import py7zr

    made = io.BytesIO()
    with py7zr.SevenZipFile(made, "w") as whole:
        for number in range(count):
            whole.writef(io.BytesIO(b"text"), f"{number}.txt")
    return made.getvalue()


def _zipped(method: int) -> Callable[[int], bytes]:
    def build(size: int) -> bytes:
        data = b"ab" * (size // 2) + b"c" * (size % 2)
        packed = bz2.compress(data) if method == 12 else None
        return archive([Member(name="a.txt", data=data, method=method, packed=packed)])

    return build


def _zstd(size: int) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor().compress(b"a" * size)


def _lz4(size: int) -> bytes:
    import lz4.frame

    made: bytes = lz4.frame.compress(b"a" * size)
    return made


def _ratio(times: int) -> bytes:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    return archive([Member(name="a.txt", data=bytes(len(packed) * times), method=8, packed=packed)])


def _npy(header: int) -> bytes:
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (), }".ljust(header - 1) + b"\n"
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + bytes(4)


def _program(size: int) -> bytes:
    return archive(
        [Member(name="m/archive_format", data=b"pt2"), Member(name="m/models/m.json", data=b"{}".ljust(size))]
    )


def _lightgbm(size: int) -> bytes:
    return seeds.samples()["lightgbm"].ljust(size, b"\n")


def _openvino(size: int) -> bytes:
    return seeds.samples()["openvino"].ljust(size, b"\n")


def _sources(count: int) -> bytes:
    values = "".join(f"{{% set c = 'v{n}' %}}" for n in range(count - 1))
    return (values + "{% set c = messages[0].content %}{% if c == 'x' %}y{% endif %}").encode()


def _comparisons(count: int) -> bytes:
    return "".join(f"{{% if 'w{n}' in messages[0].content %}}y{n}{{% endif %}}" for n in range(count)).encode()


_SQUEEZE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
}


def _squeezed(kind: str) -> Callable[[int], bytes]:
    return lambda size: _SQUEEZE[kind](b"a" * size)


def all_cases() -> Iterator[Case]:
    yield Case(limit="STREAMS", build=lambda n: b"\x80\x02N." * n, at=50)
    yield Case(limit="NAMES", build=_globals, at=30)
    yield Case(limit="NAMES", build=lambda n: protobufs.onnx_model(*map(weights.odd_node, range(n))), at=30)
    yield Case(limit="NAME", build=lambda n: op.proto(2) + op.glob("m", "x" * (n - 1)) + op.STOP)
    yield Case(limit="NAME", build=lambda n: protobufs.onnx_model(protobufs.onnx_node("x" * (n - 1))))
    yield Case(limit="NESTED_DEPTH", build=_coats)
    yield Case(limit="NESTED_BYTES", build=_literal, at=1_000)
    yield Case(limit="ARCHIVE_DEPTH", build=_within)
    yield Case(limit="MEMBERS", build=_zip, at=5)
    yield Case(limit="MEMBERS", build=_tar, at=5)
    yield Case(limit="MEMBERS", build=lambda n: seeds.npy() * n, at=5)
    yield Case(limit="MEMBERS", build=_7z, at=5, needs="py7zr")
    for kind in _SQUEEZE:
        yield Case(limit="INFLATED", build=_squeezed(kind), at=100_000)
    yield Case(limit="INFLATED", build=_zipped(8), at=100_000)
    yield Case(limit="INFLATED", build=_zipped(12), at=100_000)
    yield Case(limit="INFLATED", build=_zstd, at=100_000, needs="zstandard")
    yield Case(limit="INFLATED", build=_lz4, at=100_000, needs="lz4")
    yield Case(limit="RATIO", build=_ratio)
    yield Case(limit="TEXT", build=lambda n: b"a" * n, at=1_000, name="README.md")
    yield Case(limit="TEXT", build=_lightgbm, at=1_000)
    yield Case(limit="TEXT", build=_openvino, at=1_000)
    yield Case(limit="NPY_HEADER", build=_npy)
    yield Case(limit="HEADER", build=_program, at=1_000)
    yield from weights.cases()
    yield from _texts()


def _texts() -> Iterator[Case]:
    yield Case(limit="CODE_BYTES", build=lambda n: b"#" * n, at=1_000, name="m.py")
    yield Case(limit="CODE_NODES", build=lambda n: b"x = 1\n" * (n // 5), at=200, step=100, name="m.py")
    yield Case(limit="CODE_NESTING", build=lambda n: b"x = " + b"not " * (n - 10) + b"1\n", step=20, name="m.py")
    yield Case(limit="CODE_USES", build=lambda n: b"import os\n" + b"".join(b"os.a%d()\n" % i for i in range(n // 2)),
               at=20, step=20, name="m.py")  # fmt: skip
    yield Case(limit="MENTIONS", build=lambda n: json.dumps([{"_target_": f"x.Y{i}"} for i in range(n)]).encode())
    yield Case(limit="YAML_BYTES", build=lambda n: b"a: 1\n".ljust(n, b"\n"), at=1_000, name="c.yaml", needs="yaml")
    yield Case(limit="YAML_VALUES", build=_aliases, at=1_000, step=1_000, name="c.yaml", needs="yaml")
    yield Case(limit="YAML_DEPTH", build=lambda n: b"[" * n + b"]" * n, name="c.yaml", needs="yaml")
    yield Case(limit="TEMPLATE", build=lambda n: b"a" * n, name="t.jinja", needs="jinja2")
    yield Case(limit="TEMPLATE_NODES", build=lambda n: b"{{ a }}" * (n - 2), at=90, name="t.jinja", needs="jinja2")
    yield Case(limit="TEMPLATE_TESTS", build=_comparisons, at=20, name="t.jinja", needs="jinja2")
    yield Case(limit="TEMPLATE_SOURCES", build=_sources, at=20, step=10, name="t.jinja", needs="jinja2")


def _aliases(count: int) -> bytes:
    """A list of ten, ten times: a value for each, and for the lists around them."""
    items = b", ".join([b"*a"] * (count // 11 - 2))
    return b"- &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n- [" + items + b"]\n"
