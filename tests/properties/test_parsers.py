"""Any bytes give parts within the limits, never an exception; facts survive the way between processes."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import resource
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.errors import Malformed
from safeload.parsers import inert
from safeload.parsers.coding import decode, encode
from safeload.parsers.examine import examine
from safeload.parsers.facts import (
    ArchiveFacts,
    Gap,
    GapReason,
    Part,
    PickleFacts,
    PickleRole,
    Stream,
    TensorFacts,
    TextFacts,
    Use,
)
from safeload.parsers.reader import Reader
from tests.builders import opcodes as op
from tests.builders.checkpoints import safetensors, torch_legacy, torch_zip
from tests.builders.zips import Member

# In this process: what kills a worker is tested elsewhere, and these inputs are small.
SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)

OPCODES = st.lists(
    st.sampled_from([bytes([code]) for code in range(256)])
    | st.sampled_from(
        [op.glob("m", "n"), op.text("x"), op.data(b"yy"), op.number(3), op.put(0), op.get(0), b"\x80\x04"]
    )
    | st.binary(max_size=6),
    max_size=40,
).map(b"".join)
MAGICS = st.sampled_from(
    [b"", b"\x80\x02", b"\x80\x04\x95", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\x78\x9c", b"{", b"\x93NUMPY", b"("]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "U8", "X"]),
        "shape": st.lists(st.integers(-1, 9), max_size=3),
        "data_offsets": st.lists(st.integers(-1, 64), max_size=3),
    }
)
HEADERS = st.dictionaries(st.text(max_size=4), ENTRIES | VALUES.filter(lambda value: _is_json(value)), max_size=3)


@pytest.fixture(scope="module", autouse=True)
def bounded_memory() -> Iterator[None]:
    """As in the worker: a random LONG_BINPUT must not take the machine with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _holds(content: bytes) -> tuple[Part, ...]:
    parts = examine(Reader.of_bytes(content))
    assert parts
    assert parts[0].member == ()
    for part in parts:
        facts = (part.pickle, part.archive, part.tensors, part.text, part.mentions, part.format in inert.FORMATS)
        assert part.gap is not None or any(facts)
    assert decode(tuple[Part, ...], json.loads(json.dumps(encode(parts)))) == parts
    return parts


@SETTINGS
@given(MAGICS, st.binary(max_size=400))
def test_any_bytes(magic: bytes, content: bytes) -> None:
    _holds(magic + content)


@SETTINGS
@given(OPCODES)
def test_any_opcodes(content: bytes) -> None:
    _holds(content)
    _holds(b"\x80\x04" + op.frame(content) + b".")


HARMLESS = [("builtins", "list"), ("builtins", "set"), ("collections", "OrderedDict"), ("datetime", "timedelta")]
# Streams that get further: operations that fit what harmless names offer.
STEPS = st.lists(
    st.sampled_from([op.glob(*name) for name in HARMLESS])
    | st.sampled_from([op.stack_global(*name) for name in HARMLESS])
    | st.sampled_from(
        [b")", b"(", b"]", b"}", b"N", b"R", b"\x81", b"b", b"a", b"e", b"s", b"u", b"0", b"2", b"t", b"o"]
    )
    | st.sampled_from(
        [b"\x85", b"\x86", b"\x94", b"h\0", b"h\1", b"q\0", b"q\1", b"\x8f", b"\x90", b"\x91", b"K\1", b"l"]
    )
    | st.sampled_from(
        [op.text("k"), op.data(b"v"), op.frame(b"N0"), op.frame(b"N0", length=1), b"1", b"\x93", b"I01\n"]
    ),
    max_size=30,
).map(lambda steps: b"\x80\x04" + b"".join(steps) + b".")


class _Recording:
    """A real unpickler that says what it resolved."""

    def find_class(self, module: str, name: str) -> Any:
        self.seen.add((module, name))
        return super().find_class(module, name)  # type: ignore[misc]


class _Fast(_Recording, pickle.Unpickler):
    pass


class _Slow(_Recording, pickle._Unpickler):
    pass


class _NoPeek:
    """A file as `torch.load` hands one over."""

    def __init__(self, content: bytes) -> None:
        file = io.BytesIO(content)
        self.read, self.readline, self.readinto = file.read, file.readline, file.readinto


@settings(SETTINGS, max_examples=1_500)
@given(STEPS)
def test_what_any_unpickler_resolves_is_seen_or_a_gap(content: bytes) -> None:
    """The engine against three real ones: bytes at once, a file without `peek`, and pure Python."""
    parts = [part for part in _holds(content) if part.pickle is not None]
    ours = {name for part in parts for stream in part.pickle.streams for name in stream.names}  # type: ignore[union-attr]
    whole = bool(parts) and parts[0].gap is None
    for kind, file in ((_Fast, io.BytesIO(content)), (_Fast, _NoPeek(content)), (_Slow, io.BytesIO(content))):
        real = kind(file)
        real.seen = set()
        with contextlib.suppress(Exception):
            real.load()
        assert real.seen <= ours or not whole


@SETTINGS
@given(OPCODES, st.integers(0, 200), st.binary(max_size=3))
def test_any_damage_to_containers(content: bytes, at: int, noise: bytes) -> None:
    for whole in (
        torch_zip(content, extra=(Member(name="archive/data/0", data=content, method=8),)),
        torch_legacy(content),
        safetensors({"w": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}, b"abcd"),
    ):
        _holds(whole)
        cut = -at - 1
        _holds(whole[:cut] + noise + whole[cut + len(noise) :])
        _holds(whole[:cut])


@SETTINGS
@given(HEADERS, st.binary(max_size=64))
def test_any_header(header: dict[str, Any], data: bytes) -> None:
    _holds(safetensors(header, data))


@SETTINGS
@given(VALUES, st.integers(0, 5))
def test_plain_values_are_read_whole(value: Any, protocol: int) -> None:
    content = pickle.dumps(value, protocol=protocol)
    read = [part for part in _holds(content) if part.pickle is not None]
    assert read[0].gap is None
    assert read[0].pickle is not None and read[0].pickle.leftover == 0


@SETTINGS
@given(OPCODES)
def test_ranges_and_bytes_agree(content: bytes) -> None:
    whole = torch_zip(content)
    remote = Reader.of_callback(lambda offset, n: whole[offset : offset + n], size=len(whole))
    assert examine(remote) == examine(Reader.of_bytes(whole))


@SETTINGS
@given(st.builds(Reader.of_bytes, st.binary(max_size=50)), st.integers(-5, 60), st.integers(-5, 60))
def test_a_read_is_exact_or_refused(reader: Reader, offset: int, n: int) -> None:
    try:
        assert len(reader.read_at(offset, n)) == n
    except Malformed:
        assert offset < 0 or n < 0 or offset + n > reader.size


TEXT = st.text(max_size=5)
CHOICES = (PickleRole, GapReason)


def _any(kind: type) -> st.SearchStrategy[Any]:
    """Any object of a class of facts, all of its fields given."""
    hints = typing.get_type_hints(kind)
    made = {
        name: st.sampled_from(list(hint)) if hint in CHOICES else st.from_type(hint) for name, hint in hints.items()
    }
    return st.builds(kind, **made)


PARTS = st.builds(
    Part,
    member=st.lists(TEXT, max_size=3).map(tuple),
    format=TEXT,
    also=st.lists(TEXT, max_size=2).map(tuple),
    pickle=st.none()
    | st.builds(
        PickleFacts,
        reading=TEXT,
        streams=st.lists(
            st.builds(Stream, offset=st.integers(), length=st.integers(), sha256=TEXT,
                      names=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)), max_size=2,
        ).map(tuple),
        uses=st.lists(_any(Use), max_size=2).map(tuple),
        odd_persistent=st.lists(TEXT, max_size=2).map(tuple),
    ),
    archive=st.none() | _any(ArchiveFacts),
    tensors=st.none() | _any(TensorFacts),
    text=st.none() | _any(TextFacts),
    gap=st.none() | _any(Gap),
)  # fmt: skip


@SETTINGS
@given(st.lists(PARTS, max_size=3).map(tuple))
def test_facts_come_back_as_they_were(parts: tuple[Part, ...]) -> None:
    assert decode(tuple[Part, ...], json.loads(json.dumps(encode(parts)))) == parts


@SETTINGS
@given(VALUES.filter(_is_json))
def test_anything_else_is_refused(value: Any) -> None:
    try:
        decode(tuple[Part, ...], [json.loads(json.dumps(value))])
    except Malformed:
        return
    pytest.fail("a value that is no part was taken for one")
