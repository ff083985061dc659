"""The wire format of Protocol Buffers: exact ends, bounded work, no bytes of others."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.errors import Malformed
from safeload.parsers.models import onnx, protobuf
from safeload.parsers.reader import Reader
from safeload.parsers.signs import messages
from safeload.parsers.visit import Visit
from tests.builders.protobufs import field, onnx_model, onnx_node, varint

VISIT = Visit(examine=lambda reader, visit: ())


def fields(data: bytes) -> list[tuple[int, int]]:
    return [(one.number, one.value) for one in protobuf.Wire(Reader.of_bytes(data)).fields(0, len(data))]


def test_fields_in_order() -> None:
    assert fields(field(1, 300) + field(2, b"ab") + b"\x1d\0\0\0\0" + b"\x21" + bytes(8)) == [
        (1, 300),
        (2, 0),
        (3, 0),
        (4, 0),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",
        b"\x08" + b"\xff" * 10 + b"\x01",
        b"\x0a\x05ab",
        b"\x0b",
        b"\x0c",
        b"\x0f",
        b"\x00\x00",
        b"\x1d\0",
        varint(1 << 33),
    ],
)
def test_what_is_no_message_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        fields(data)


def test_a_flood_of_fields_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safeload.limits.PROTO_FIELDS", 1_000)
    (part,) = onnx.read(Reader.of_bytes(onnx_model(*[b""] * 2_000)), VISIT)
    assert part.gap is not None and part.gap.reason.value == "limit"


def test_random_bytes_are_no_onnx() -> None:
    rng = random.Random(7)
    for _ in range(20_000):
        data = b"\x08" + rng.randbytes(40)
        assert not messages.onnx(data, Reader.of_bytes(data))
    assert not messages.onnx(b"\x08\x08", Reader.of_bytes(b"\x08\x08"))
    model = onnx_model(onnx_node("Relu"))
    assert messages.onnx(model[:512], Reader.of_bytes(model))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_any_bytes_give_facts_or_a_gap(noise: bytes, at: int, byte: int) -> None:
    model = bytearray(onnx_model(onnx_node("Relu", domain="x"), onnx_node("If", attributes=field(5, field(6, noise)))))
    model[at % len(model)] = byte
    for data in (bytes(model), noise):
        for part in onnx.read(Reader.of_bytes(data), VISIT):
            assert part.format == "onnx"
