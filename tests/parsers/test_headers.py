"""safetensors headers, text and JSON, and what is recognised by name only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safeload.parsers.facts import Part
from tests.builders.checkpoints import safetensors
from tests.parsers.conftest import Examine, gaps

ONE = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}


def _tensor(**fields: Any) -> dict[str, Any]:
    return {"w": {**ONE["w"], **fields}}


def test_a_header_gives_parameters_by_dtype(examine: Examine) -> None:
    header = {
        **ONE,
        "b": {"dtype": "BF16", "shape": [3], "data_offsets": [16, 22]},
        "s": {"dtype": "I64", "shape": [], "data_offsets": [22, 30]},
        "__metadata__": {"format": "pt"},
    }
    (part,) = examine(safetensors(header, bytes(30)))
    assert part.gap is None
    assert part.tensors is not None
    assert part.tensors.parameters == {"F32": 4, "BF16": 3, "I64": 1}
    assert part.tensors.metadata == {"format": "pt"}


@pytest.mark.parametrize(
    "content",
    [
        safetensors(ONE, bytes(15)),
        safetensors(ONE, bytes(17)),
        safetensors(_tensor(dtype="F31"), bytes(16)),
        safetensors(_tensor(dtype=["F32"]), bytes(16)),
        safetensors(_tensor(shape=[2, -2]), bytes(16)),
        safetensors(_tensor(shape=[2, 2.0]), bytes(16)),
        safetensors(_tensor(shape=[True, 4]), bytes(16)),
        safetensors(_tensor(shape=[1 << 61, 1 << 61]), bytes(16)),
        safetensors(_tensor(data_offsets=[0, 20]), bytes(20)),
        safetensors(_tensor(data_offsets=[4, 20]), bytes(20)),
        safetensors(_tensor(data_offsets=[16, 0]), bytes(16)),
        safetensors(_tensor(extra=1), bytes(16)),
        safetensors({**ONE, "v": ONE["w"]}, bytes(16)),
        safetensors({**ONE, "v": {"dtype": "U8", "shape": [1], "data_offsets": [17, 18]}}, bytes(18)),
        safetensors({**ONE, "__metadata__": {"a": 1}}, bytes(16)),
        safetensors(
            b'{"w":' + json.dumps(ONE["w"]).encode() + b',"w":' + json.dumps(ONE["w"]).encode() + b"}", bytes(16)
        ),
        safetensors(b'{"w": 1', b""),
        safetensors(b"{" + b'"a":{' * 100_000, b""),
        safetensors({"w": []}, b""),
    ],
)
def test_a_header_that_lies_is_malformed(content: bytes, examine: Examine) -> None:
    assert gaps(examine(content)) == {"malformed"}


def test_text_and_json_are_told_apart(examine: Examine) -> None:
    def one(content: bytes) -> Part:
        (part,) = examine(content)
        assert part.gap is None
        return part

    assert one(b'{"a": [1]}').format == "json"
    assert one(b"# Title\n\ntext\n").format == "text"
    assert one("größer\n".encode()).format == "text"
    assert one(b"import os\n").format == "text"
    assert one(b'{"a": 1').format == "text"
    doubled = one(b'{"auto_map": 1, "auto_map": 2}').text
    assert doubled is not None and doubled.json and doubled.anomalies == ("duplicate-key: 'auto_map'",)
    deep = one(b"[" * 100_000).text
    assert deep is not None and not deep.json


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"Rar!\x1a\x07\x01\x00", "rar"),
        (b"\x00\xff\x00\xff", "unknown"),
    ],
)
def test_what_is_not_read_is_named_and_a_gap(head: bytes, name: str, examine: Examine) -> None:
    (part,) = examine(head + bytes(range(256)))
    assert part.format == name
    assert part.gap is not None and part.gap.reason.value == "unknown-format"


def test_an_empty_file_is_a_gap(examine: Examine) -> None:
    (part,) = examine(b"")
    assert part.gap is not None and part.gap.reason.value == "empty"


def test_a_large_file_of_no_known_format_is_not_read_whole() -> None:
    """Ten gigabytes, of which the ends are enough to say that nothing knows them."""
    from safeload.parsers.examine import examine as look
    from safeload.parsers.reader import Reader

    read: list[int] = []

    def fetch(offset: int, n: int) -> bytes:
        read.append(n)
        return bytes([0xF1, 0x02, 0xFF, 0x07]) * (n // 4) + bytes(n % 4)

    (part,) = look(Reader(fetch, size=10 << 30, local=True))
    assert part.gap is not None and part.gap.reason.value == "unknown-format"
    assert sum(read) < 1 << 20
