"""Lists, records and maps of pyarrow: their values lie in arrays of their own, whose length unpickling believes."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, verdict

pa = pytest.importorskip("pyarrow")

Look = Callable[..., Report]
FAR = 1 << 30
LONG, BYTE = pa.int64(), pa.int8()
LISTS, PAIRS = pa.list_(LONG), pa.map_(BYTE, BYTE)
ENTRIES = pa.struct([PAIRS.key_field, PAIRS.item_field])


class Over:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return pa.lib.py_buffer, (self.data,)


class Forged:
    """Unpickles as the array that these parts describe, whatever they say."""

    def __init__(self, parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        return pa.lib._restore_array, (self.parts,)


def parts(kind: Any, length: int, *buffers: bytes | None, nulls: int = 0, offset: int = 0, children: Any = ()) -> Any:
    held = [one if one is None else Over(one) for one in buffers]
    return kind, length, nulls, offset, held, [*children], None


def ends(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}i", *numbers)


LONGS = parts(LONG, 2, None, bytes(16))
BYTES = parts(BYTE, 2, None, b"\1\2")
HOLED = parts(BYTE, 2, b"\1", b"\1\2", nulls=1)
RIGHT: dict[str, Any] = {
    "lists": parts(LISTS, 2, None, ends(0, 1, 2), children=[LONGS]),
    "a part of lists": parts(LISTS, 1, None, ends(0, 1, 2), offset=1, children=[LONGS]),
    "long lists": parts(pa.large_list(LONG), 1, None, struct.pack("<2q", 0, 2), children=[LONGS]),
    "lists of one length": parts(pa.list_(LONG, 2), 1, None, children=[LONGS]),
    "records": parts(pa.struct([("a", LONG), ("b", BYTE)]), 2, None, children=[LONGS, BYTES]),
    "maps": parts(PAIRS, 1, None, ends(0, 2), children=[parts(ENTRIES, 2, None, children=[BYTES, BYTES])]),
    "lists of lists": parts(
        pa.list_(LISTS), 1, None, ends(0, 2), children=[parts(LISTS, 2, None, ends(0, 1, 2), children=[LONGS])]
    ),
    "decimals": parts(pa.decimal128(5, 2), 1, None, bytes(16)),
    "bytes of one length": parts(pa.binary(3), 2, None, bytes(6)),
}
CRASH: dict[str, Any] = {
    "a list that ends beyond its values": parts(LISTS, 1, None, ends(FAR, FAR + 1), children=[LONGS]),
    "a list that begins before its values": parts(LISTS, 1, None, ends(-FAR, 1 - FAR), children=[LONGS]),
    "more lists than ends": parts(LISTS, FAR, None, ends(0, 1), children=[LONGS]),
    "values that have no bytes": parts(LISTS, 1, None, ends(0, FAR), children=[parts(LONG, FAR, None, b"")]),
    "lists of one length beyond their values": parts(pa.list_(LONG, 1 << 20), FAR, None, children=[LONGS]),
    "a record beyond its fields": parts(pa.struct([("a", LONG)]), FAR, None, children=[LONGS]),
    "no values": parts(LISTS, 1, None, ends(0, 1)),
    "values of another type": parts(pa.list_(pa.large_binary()), 1, None, ends(0, 1), children=[LONGS]),
    "an entry that is nothing": parts(
        PAIRS, 1, None, ends(0, 2), children=[parts(ENTRIES, 2, b"\1", nulls=1, children=[BYTES, BYTES])]
    ),
    "a key that is nothing": parts(
        PAIRS, 1, None, ends(0, 2), children=[parts(ENTRIES, 2, None, children=[HOLED, BYTES])]
    ),
    "too few decimals": parts(pa.decimal128(5, 2), FAR, None, bytes(16)),
    "too few bytes of one length": parts(pa.binary(1024), FAR, None, bytes(6)),
}  # fmt: skip
WRONG: dict[str, Any] = {
    "a field that is missing": parts(pa.struct([("a", LONG), ("b", LONG)]), 1, None, children=[LONGS]),
    "a list that ends a little beyond": parts(LISTS, 1, None, ends(0, 3), children=[LONGS]),
    "lists that go back": parts(LISTS, 2, None, ends(0, 2, 1), children=[LONGS]),
    "two children": parts(LISTS, 1, None, ends(0, 1), children=[LONGS, LONGS]),
    "lists of one length a little beyond": parts(pa.list_(LONG, 2), 2, None, children=[LONGS]),
    "a record a little beyond": parts(pa.struct([("a", LONG)]), 1, None, offset=2, children=[LONGS]),
    "a bitmap that is too short": parts(pa.struct([("a", LONG)]), 2, b"", nulls=1, children=[LONGS]),
    "a type of as many bits": parts(pa.list_(pa.float64()), 1, None, ends(0, 1), children=[LONGS]),
    "wrong values within values": parts(
        pa.list_(LISTS), 1, None, ends(0, 2), children=[parts(LISTS, 2, None, ends(0, 1, 3), children=[LONGS])]
    ),
}
PRINTS = "import pickle; a = pickle.load(open(path, 'rb')); a.to_pylist(); print(len(a.drop_null()))"


@pytest.mark.parametrize("name", RIGHT)
def test_what_fits_is_not_asked_about(name: str, look: Look, oracle: Oracle) -> None:
    data = pickle.dumps(Forged(RIGHT[name]), 4)
    assert verdict(look(data)) is Action.ALLOW
    assert oracle.run(PRINTS, data) == (0, str(RIGHT[name][1]))


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("name", CRASH)
def test_an_array_of_arrays_that_kills_the_process(name: str, protocol: int, look: Look, oracle: Oracle) -> None:
    data = pickle.dumps(Forged(CRASH[name]), protocol)
    assert verdict(look(data)) is Action.BLOCK
    if protocol == 5:
        ended, last = oracle.run(PRINTS, data)
        assert ended < 0, last


@pytest.mark.parametrize("name", WRONG)
def test_parts_that_do_not_fit_each_other(name: str, look: Look) -> None:
    assert verdict(look(pickle.dumps(Forged(WRONG[name]), 5))) is Action.BLOCK


@pytest.mark.parametrize("maker", [pa.struct, pa.list_, pa.lib.field])
def test_a_type_is_made_of_types_only(maker: Any, look: Look) -> None:
    """What is no type is asked for methods, which the state of an instance can hold."""

    class Made:
        def __reduce__(self) -> Any:
            other = pickle.PickleBuffer  # stands for anything that is no type
            given = {pa.struct: ([other],), pa.list_: (other,), pa.lib.field: ("a", other, True, None)}
            return maker, given[maker]

    assert verdict(look(pickle.dumps(Made(), 5))) is not Action.ALLOW


def test_types_that_multiply_are_not_walked(look: Look) -> None:
    class Doubled:
        """A record of two of the one below, forty deep: a trillion types in two kilobytes."""

        def __init__(self, below: Any) -> None:
            self.below = below

        def __reduce__(self) -> Any:
            return pa.struct, ([Field(self.below), Field(self.below)],)

    class Field:
        def __init__(self, kind: Any) -> None:
            self.kind = kind

        def __reduce__(self) -> Any:
            return pa.lib.field, ("a", self.kind, True, None)

    deep: Any = LONG
    for _ in range(40):
        deep = Doubled(deep)
    assert verdict(look(pickle.dumps(Forged((deep, 1, 0, 0, [None], [LONGS, LONGS], None)), 5))) is Action.ASK


def test_what_is_not_looked_at_is_a_question(look: Look) -> None:
    for array in (pa.array([["a"]], pa.list_(pa.string_view())), pa.array(["a"], pa.string_view())):
        assert verdict(look(pickle.dumps(array))) is Action.ASK
