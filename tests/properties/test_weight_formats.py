"""Any bytes give parts, never an exception: GGUF, MessagePack, UBJSON, LightGBM, CatBoost, OpenVINO."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.parsers.examine import examine
from safeload.parsers.reader import Reader
from tests.builders.ggufs import ARRAY, STRING, chat, gguf, pair, tensor, text

WHOLE = {
    "gguf": gguf(
        [pair("k", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("b")), chat("{{ messages }}")],
        [tensor("a", (8, 2)), tensor("b", (3,), offset=64)],
        bytes(96),
    ),
    "msgpack": b"\x82\xa1a\xc7\x0c\x01\x93\x91\x01\xa5int32\xc4\x04abcd\xa1b\x93\x01\xc0\xd9\x01x",
    "ubjson": b"{L" + struct.pack(">q", 7) + b"learner{L" + struct.pack(">q", 1) + b"a[$l#L"
    + struct.pack(">qi", 1, 5) + b"}}",
    "lightgbm": b"tree\nversion=v4\nmax_feature_idx=1\n\nTree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=0\nthreshold=1"
    b"\ndecision_type=2\nleft_child=-1\nright_child=-2\nleaf_value=1 2\n\nend of trees\n",
    "catboost": b"CBM1" + struct.pack("<IIHH", 48, 8, 4, 4) + struct.pack("<i", 4) + b"FlabuffersModel_v1".ljust(36),
    "openvino": b'<?xml version="1.0"?><net><layers><layer id="0" type="Add" version="opset1"/></layers></net>',
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_the_sample_is_read(kind: str) -> None:
    parts = examine(Reader.of_bytes(WHOLE[kind]))
    assert parts[0].format == kind


@pytest.mark.parametrize("kind", WHOLE)
@given(data=st.data())
def test_changed_bytes_give_parts(kind: str, data: st.DataObject) -> None:
    raw = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=9))
        raw = raw or bytearray(b"x")
    assert examine(Reader.of_bytes(bytes(raw)))
