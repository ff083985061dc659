"""Objects in their thousands are read another way: what is odd about one of them is seen all the same."""

from __future__ import annotations

import base64
import datetime
import pickle
from collections.abc import Callable

import pytest

from safeload import limits
from safeload.parsers.facts import PickleFacts, PickleRole
from safeload.parsers.pickles import ledger, quick
from safeload.parsers.pickles.pickle import read
from safeload.parsers.reader import Reader

THOUSANDS = 3_000
BARE = b"h\x00)\x81"  # NEWOBJ without arguments of what the memo has first
SHADOWS = ("dict", "other")


def facts(*parts: bytes) -> PickleFacts:
    return read(Reader.of_bytes(b"".join(parts))).facts


def shapes(found: PickleFacts, role: PickleRole) -> dict[tuple[str, ...], int]:
    return {use.shape: use.count for use in found.uses if use.role is role and use.name == "Thing"}


def many(each: bytes, last: bytes = b"") -> PickleFacts:
    """A list of as many of one kind of object, then something else on top of one of them."""
    return facts(b"\x80\x02cthings\nThing\nq\x000](", each * THOUSANDS, b"e", last, b".")


def test_arguments_behind_thousands_of_objects_that_had_none() -> None:
    found = many(BARE + b"}b", b"h\x00X\x02\x00\x00\x00rm\x85\x810")
    assert "str:'rm'" in str(shapes(found, PickleRole.CONSTRUCTED))


def test_what_stands_behind_such_arguments_is_seen_as_well() -> None:
    found = many(BARE + b"}b", b"h\x00K\x01\x85\x810cos\nsystem\nX\x02\x00\x00\x00id\x85R0")
    assert ("os", "system", PickleRole.CALLED) in {(use.module, use.name, use.role) for use in found.uses}


def test_keywords_behind_thousands_of_objects_that_had_none() -> None:
    stream = b"\x80\x04cthings\nThing\nq\x000](" + (BARE + b"}b") * THOUSANDS
    found = facts(stream, b"eh\x00)}X\x01\x00\x00\x00kK\x01s\x920.")
    assert ("keywords",) in shapes(found, PickleRole.CONSTRUCTED)


def test_the_slower_way_is_back_for_the_next_stream() -> None:
    first = b"\x80\x02cthings\nThing\nq\x000](" + (BARE + b"}b") * THOUSANDS + b"e."
    found = facts(first, b"\x80\x02cthings\nThing\nK\x01\x85\x81.")
    assert ("int",) in shapes(found, PickleRole.CONSTRUCTED)


@pytest.mark.parametrize("behind", [b"}b", b"K\x01b"])
def test_a_second_state_behind_thousands_of_objects_with_one(behind: bytes) -> None:
    assert shapes(many(BARE + b"}b", BARE + b"}b" + behind + b"0"), PickleRole.STATED)[SHADOWS] == 1
    assert SHADOWS not in shapes(many(BARE + b"}b", BARE + b"}b0"), PickleRole.STATED)


def test_an_object_that_is_dropped_is_not_taken_for_one_that_comes_in_its_place() -> None:
    found = many((BARE + b"}b0") * 2)
    assert SHADOWS not in shapes(found, PickleRole.STATED)


def test_a_text_in_a_state_that_is_overwritten_afterwards() -> None:
    hidden = base64.b64encode(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.")
    state = b"}q\x01X\x01\x00\x00\x00aX" + bytes((len(hidden), 0, 0, 0)) + hidden + b"sbh\x01X\x01\x00\x00\x00aK\x01s0"
    found = many(BARE + b"}b", BARE + state + b"0")
    assert found.nested


def test_every_object_and_every_call_is_counted() -> None:
    found = many(BARE + b"}b")
    assert shapes(found, PickleRole.CONSTRUCTED) == {(): THOUSANDS}
    assert shapes(found, PickleRole.STATED) == {("dict",): THOUSANDS}
    dates = [datetime.date(2000 + n // 365, 1, 1) for n in range(THOUSANDS)]
    [use] = [use for use in facts(pickle.dumps(dates)).uses if use.name == "date"]
    assert (use.shape, use.count) == (("bytes",), THOUSANDS)


def test_an_argument_of_another_kind_behind_thousands_alike() -> None:
    call = b"h\x00C\x01\x07\x85R"
    for odd, shape in ((b"K\x01\x85", "int"), (b"C\x01\x07C\x01\x07\x86", "bytes"), (b")", "")):
        found = many(call, b"h\x00" + odd + b"R0")
        assert any(shape in kinds or kinds == () for kinds in shapes(found, PickleRole.CALLED) if kinds != ("bytes",))


def test_a_pickle_in_one_of_thousands_of_byte_strings() -> None:
    hidden = b"cos\nsystem\n(S'id'\ntR."
    found = many(b"h\x00C\x01\x07\x85R", b"h\x00C" + bytes((len(hidden),)) + hidden + b"\x85R0")
    assert ("os", "system", PickleRole.CALLED) in {(use.module, use.name, use.role) for use in found.uses}


def test_without_the_second_run_such_arguments_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    slow: Callable[[ledger.Ledger], bool] = ledger.Ledger.slow_down
    monkeypatch.setattr(ledger.Ledger, "slow_down", lambda self: slow(self) and False)
    monkeypatch.setattr(limits, "PURE_BYTES", 100)  # the pure-Python reading of what C refused would see them as well
    found = many(BARE + b"}b", b"h\x00X\x02\x00\x00\x00rm\x85\x810")
    assert THOUSANDS > quick._OFTEN and "'rm'" not in str(shapes(found, PickleRole.CONSTRUCTED))


LARGE = limits.MIB // len(BARE + b"}b0")  # objects of a stream that begins anew once it is known to have so many


def test_a_large_file_begins_anew_and_counts_once() -> None:
    found = many((BARE + b"}b0") * (LARGE // THOUSANDS + 1))
    number = THOUSANDS * (LARGE // THOUSANDS + 1)
    assert shapes(found, PickleRole.CONSTRUCTED) == {(): number}
    assert shapes(found, PickleRole.STATED) == {("dict",): number}


def test_arguments_and_second_states_in_a_large_file_that_began_anew() -> None:
    each = (BARE + b"}b0") * (LARGE // THOUSANDS + 1)
    found = many(each, b"h\x00X\x02\x00\x00\x00rm\x85\x810")
    assert "str:'rm'" in str(shapes(found, PickleRole.CONSTRUCTED))
    found = many(each, BARE + b"}b}b0")
    assert shapes(found, PickleRole.STATED)[SHADOWS] == 1
