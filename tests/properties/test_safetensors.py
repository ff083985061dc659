"""safetensors headers held against the library itself: what safeload takes, it takes; what it takes alone is listed.

Stricter here: a tensor with a field that is not known, a key that stands twice, `__metadata__` that is null.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import Malformed
from safeload.parsers.models import safetensors as ours
from safeload.parsers.reader import Reader

theirs = pytest.importorskip("safetensors")

BITS = ours._BITS
NAMES = st.sampled_from(["a", "b", "ü", "a.b", "", "\n"])
SHAPES = st.lists(st.integers(0, 5), max_size=3)


def framed(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def taken(content: bytes) -> bool:
    try:
        ours.read(Reader.of_bytes(content))
    except Malformed:
        return False
    return True


def taken_there(content: bytes) -> bool:
    try:
        theirs.deserialize(content)
    except theirs.SafetensorError:
        return False
    return True


@st.composite
def files(draw: Any) -> tuple[dict[str, Any], bytes]:
    """A header that fits its data, in any order, with empty tensors and types of less than a byte."""
    header: dict[str, Any] = {}
    at = 0
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        dtype, shape = draw(st.sampled_from(sorted(BITS))), draw(SHAPES)
        bits = BITS[dtype]
        for extent in shape:
            bits *= extent
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + bits // 8]}
        at += bits // 8
    if draw(st.booleans()):
        header["__metadata__"] = draw(st.dictionaries(NAMES, st.text(max_size=3), max_size=2))
    order = draw(st.permutations(list(header)))
    return {key: header[key] for key in order}, bytes(at)


@given(files(), st.integers(0, 9), st.sampled_from([b"", b" ", b"\n\t "]))
def test_the_same_files_are_taken(made: tuple[dict[str, Any], bytes], pad: int, kind: bytes) -> None:
    header, data = made
    content = framed(json.dumps(header, ensure_ascii=False).encode() + kind * pad, data)
    assert taken(content) == taken_there(content)


ODD = st.sampled_from([-1, 0, 1, 4, 8, 1 << 63, 1 << 64, 1.0, "4", None, True, [], {}])


@settings(max_examples=600)
@given(files(), NAMES, st.sampled_from(["dtype", "shape", "data_offsets", "more"]), ODD, ODD, st.integers(-3, 3))
def test_lies_are_refused_by_both(
    made: tuple[dict[str, Any], bytes], name: str, field: str, first: Any, second: Any, longer: int
) -> None:
    header, data = made
    tensor = header.setdefault(name, {"dtype": "U8", "shape": [0], "data_offsets": [len(data), len(data)]})
    if name != "__metadata__" and isinstance(tensor, dict):
        tensor[field] = [first, second] if field != "dtype" else first
    content = framed(json.dumps(header).encode(), data + bytes(max(0, longer)))[: min(longer, 0) or None]
    if field != "more":
        assert taken(content) == taken_there(content)
    elif taken(content):
        assert taken_there(content)


@given(files(), st.integers(0, 300), st.binary(min_size=1, max_size=3))
def test_damage_is_never_taken_alone(made: tuple[dict[str, Any], bytes], at: int, noise: bytes) -> None:
    content = framed(json.dumps(made[0]).encode(), made[1])
    content = content[:at] + noise + content[at + len(noise) :]
    if taken(content):
        assert taken_there(content)


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}',
        b'{"\\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0,0]}}',
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,NaN]}}',
        b'{"a":{"dtype":"u8","shape":[0],"data_offsets":[0,0]}}',
        b'{"__metadata__":{"a":null}}',
        b'{"__metadata__":[]}',
        b"{} x",
        b'\xef\xbb\xbf{}',
        b"[]",
    ],
)  # fmt: skip
def test_both_refuse(header: bytes) -> None:
    assert not taken(framed(header, b"")) and not taken_there(framed(header, b""))


@pytest.mark.parametrize(
    "header",
    [
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":1}}',
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"I8","shape":[0],"data_offsets":[0,0]}}',
        b'{"__metadata__":null}',
    ],
)
def test_here_only_the_plainest_is_taken(header: bytes) -> None:
    assert taken_there(framed(header, b"")) and not taken(framed(header, b""))


def test_the_limit_of_a_header_is_the_librarys() -> None:
    for size, fits in ((100_000_000, True), (100_000_001, False)):
        content = framed(b"{}".ljust(size), b"")
        assert taken(content) == taken_there(content) == fits


def test_every_type_of_the_library_is_known() -> None:
    for dtype in BITS:
        header = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, BITS[dtype]]}}).encode()
        assert taken_there(framed(header, bytes(BITS[dtype]))), dtype
