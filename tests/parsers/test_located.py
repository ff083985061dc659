"""Numbers of arrays are not searched for pickles; any other literal is, whatever stands beside it."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct

import pytest

from safeload import limits
from safeload.parsers.facts import PickleRole
from safeload.parsers.pickles.pickle import Outcome, read
from safeload.parsers.reader import Reader

np = pytest.importorskip("numpy")

SIZE = 1 << 17
INNER = b"\x80\x04cposix\nsystem\n\x8c\x04true\x85R."
HIDDEN = b"\0" * 1000 + INNER + b"\0" * (SIZE - 1000 - len(INNER))


def opened(stream: bytes) -> Outcome:
    return read(Reader.of_bytes(stream))


def literal(content: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(content)) + content


def seen(stream: bytes) -> tuple[Outcome, int]:
    """What is found, and how many bytes were asked for."""
    asked = [0]

    def fetch(offset: int, n: int) -> bytes:
        asked[0] += n
        return stream[offset : offset + n]

    return read(Reader(fetch, size=len(stream), local=True)), asked[0]


def array(content: bytes, *, spec: str = "f8", count: int = SIZE // 8) -> bytes:
    made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R"
    dtype = b"cnumpy\ndtype\n\x8c" + bytes([len(spec)]) + spec.encode() + b"\x89\x88\x87R"
    if spec == "f8":
        dtype += b"(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
    return made + b"(K\x01J" + struct.pack("<i", count) + b"\x85" + dtype + b"\x89" + literal(content) + b"tb"


def names(outcome: Outcome) -> set[str]:
    return {use.name for use in outcome.facts.uses}


def test_the_numbers_of_an_array_are_no_pickle() -> None:
    found = opened(b"\x80\x04" + array(HIDDEN) + b".")
    assert found.gap is None
    assert "system" not in names(found)


@pytest.mark.parametrize("beside", [literal(HIDDEN), b"}" + literal(b"key") + literal(HIDDEN) + b"s"])
def test_a_literal_as_long_as_an_array_is_searched(beside: bytes) -> None:
    assert "system" in names(opened(b"\x80\x04(" + array(bytes(SIZE)) + beside + b"t."))


def test_an_array_whose_length_does_not_fit_is_searched() -> None:
    assert "system" in names(opened(b"\x80\x04" + array(HIDDEN, count=SIZE // 8 - 1) + b"."))


def test_an_array_of_text_is_searched() -> None:
    assert "system" in names(opened(b"\x80\x04" + array(HIDDEN, spec=f"S{SIZE}", count=1) + b"."))


def test_an_array_within_a_frame_counts_for_no_literal_outside() -> None:
    inside = array(bytes(SIZE))
    framed = b"\x80\x04\x95" + struct.pack("<Q", len(inside) + 1) + b"(" + inside
    assert "system" in names(opened(framed + literal(HIDDEN) + b"t."))


def test_a_byte_string_that_is_given_to_a_call_as_well_is_run() -> None:
    raw = INNER + bytes(SIZE - len(INNER))
    stream = array(raw).replace(literal(raw), literal(raw) + b"\x94")
    call = b"cpickle\nloads\nh\0\x85R"
    assert "system" in names(opened(b"\x80\x04(" + stream + call + b"t."))


def test_a_digest_is_that_of_the_stream_alone() -> None:
    stream = b"\x80\x04(" + array(bytes(SIZE)) + array(os.urandom(SIZE)) + literal(b"end") + b"t."
    found = opened(stream + stream + b"more")
    assert [one.sha256 for one in found.facts.streams[:2]] == [hashlib.sha256(stream).hexdigest()] * 2


def test_the_numbers_of_arrays_are_not_read() -> None:
    stream = b"\x80\x04(" + array(os.urandom(8 * SIZE), count=SIZE) * 10 + b"t."
    found, asked = seen(stream)
    assert found.gap is None
    assert asked < 1.2 * len(stream)  # one pass takes the digest of a stream that nobody else hashes


def test_what_is_not_read_is_found_by_whoever_is_given_it() -> None:
    inner = INNER + b"\0" * SIZE
    for given in (b"cpickle\nloads\n" + literal(inner) + b"\x85R", b"cx\ny\n)\x81}\x8c\x01a" + literal(inner) + b"sb"):
        assert "system" in names(opened(b"\x80\x04" + given + b"."))


def test_an_example_shows_how_a_literal_begins_and_nothing_else_that_was_in_memory() -> None:
    content = bytes(range(65, 91)) * (SIZE // 26)
    found = opened(b"\x80\x04cx\ny\n" + literal(content) + b"\x85R.")
    (example,) = [use.example for use in found.facts.uses if use.role is PickleRole.CALLED]
    assert example.startswith("b'ABC")
    assert content.startswith(example.removeprefix("b'").removesuffix("'").encode())


def test_two_literals_of_one_length_are_told_apart() -> None:
    one, other = b"\0" * SIZE, INNER + b"\0" * (SIZE - len(INNER))
    for first, second in ((one, other), (other, one)):
        call = b"cx\ny\n" + literal(first) + literal(second) + b"\x86R"
        assert "system" in names(opened(b"\x80\x04" + call + b"."))


def test_a_table_that_begins_like_a_pickle_is_no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NESTED_BYTES", SIZE // 2)
    numbers = np.frombuffer(b"(" + b"\n.\x93" * (SIZE // 3), dtype=np.uint8)
    for protocol in (4, 5):
        assert opened(pickle.dumps(numbers, protocol)).gap is None
        assert opened(pickle.dumps(numbers.copy(), protocol)).gap is None


@pytest.mark.parametrize("value", [[1.5, 2, True, None] * 999, {1: [2.0, {3: (4,)}]}, [10**400, 1.5], 7])
def test_numbers_alone_hold_no_pickle_and_a_literal_among_them_is_found(value: object) -> None:
    assert not opened(pickle.dumps(value)).facts.nested
    assert "system" in names(opened(pickle.dumps([value, {2: (INNER,)}])))
    assert "system" in names(opened(pickle.dumps([value, {INNER: 1}])))
