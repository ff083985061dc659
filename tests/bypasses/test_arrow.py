"""pyarrow's arrays say where their values lie, and unpickling believes them: what lies elsewhere is read."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report
from tests.builders import opcodes as op

from .conftest import Oracle, verdict

pa = pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

Look = Callable[..., Report]
FAR = 1 << 40


class Forged:
    """Unpickles as the array that these parts describe, whatever they say."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> Any:
        kind, length, nulls, offset, buffers, *rest = self.parts
        children, dictionary = rest or ([], None)
        held = [one if one is None else Over(one) for one in buffers]
        return pa.lib._restore_array, ((kind, length, nulls, offset, held, children, dictionary),)


class Over:
    def __init__(self, data: bytes | bytearray) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return pa.lib.py_buffer, (self.data,)


def places(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}q", *numbers)


LONG, TEXT, SHORT = pa.int64(), pa.large_string(), pa.int32()
WORDS: Any = (TEXT, 2, 0, 0, [None, places(0, 1, 2), b"ab"], [], None)
NUMBERS: dict[str, Any] = {
    "an offset beyond the text": (TEXT, 1, 0, 0, [None, places(FAR, FAR + 1), b"ab"]),
    "an offset before the text": (TEXT, 1, 0, 0, [None, places(-FAR, 1 - FAR), b"ab"]),
    "no offsets": (TEXT, 1, 0, 0, [None, None, b"ab"]),
    "more values than the buffer": (LONG, 1 << 30, 0, 0, [None, places(1)]),
    "a start beyond the buffer": (LONG, 1, 0, FAR, [None, places(1)]),
    "too few buffers for text": (TEXT, 1, 0, 0, [None]),
    "no buffers": (LONG, 1, 0, 0, []),
    "a dictionary without offsets": (pa.dictionary(SHORT, TEXT), 1, 0, 0, [None, bytes(4)]),
}  # fmt: skip
WRONG: dict[str, Any] = {
    "an offset a little beyond the text": (TEXT, 1, 0, 0, [None, places(0, 64), b"ab"]),
    "offsets that go back": (TEXT, 2, 0, 0, [None, places(0, 5, 2), b"abcde"]),
    "too few offsets": (TEXT, 2, 0, 0, [None, places(0, 1), b"ab"]),
    "half a character": (TEXT, 1, 0, 0, [None, places(0, 1), b"\xf0"]),
    "a text that begins within a character": (TEXT, 2, 0, 0, [None, places(0, 1, 2), "é".encode()]),
    "fewer nulls than it says": (LONG, 8, 7, 0, [b"\xff", bytes(64)]),
    "more nulls than it says": (LONG, 8, 1, 0, [b"\x00", bytes(64)]),
    "nulls without a bitmap": (LONG, 1, 1, 0, [None, places(1)]),
    "a number of nulls below -1": (LONG, 1, -2, 0, [None, places(1)]),
    "a length below zero": (LONG, -1, 0, 0, [None, places(1)]),
    "a start below zero": (LONG, 1, 0, -1, [None, places(1)]),
    "a bitmap that is too short": (LONG, 64, 5, 0, [b"\xff", bytes(512)]),
    "an index beyond the dictionary": (pa.dictionary(SHORT, TEXT), 1, 0, 0, [None, struct.pack("<i", 2)]),
    "an index below zero": (pa.dictionary(SHORT, TEXT), 1, 0, 0, [None, struct.pack("<i", -1)]),
    "children that its type has not": (LONG, 1, 0, 0, [None, places(1)], [WORDS], None),
    "a dictionary that its type has not": (LONG, 1, 0, 0, [None, places(1)], [], WORDS),
}  # fmt: skip


def with_dictionary(parts: Any, name: str) -> Forged:
    if not isinstance(parts[0], pa.DictionaryType):
        return Forged(*parts)
    words = list(WORDS)
    buffers = [None, None, b"ab"] if name == "a dictionary without offsets" else words[4]
    words[4] = [one if one is None else Over(one) for one in buffers]
    return Forged(*parts, [], tuple(words))


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", NUMBERS)
def test_an_array_that_kills_the_process(name: str, protocol: int, look: Look, oracle: Oracle) -> None:
    data = pickle.dumps(with_dictionary(NUMBERS[name], name), protocol)
    assert verdict(look(data)) is Action.BLOCK
    ended, last = oracle.run("import pickle; a = pickle.load(open(path, 'rb')); a.drop_null(), a.to_pylist()", data)
    assert ended < 0, last


@pytest.mark.parametrize("name", WRONG)
def test_an_array_whose_parts_do_not_fit_each_other(name: str, look: Look) -> None:
    assert verdict(look(pickle.dumps(with_dictionary(WRONG[name], name), 5))) is Action.BLOCK


def test_a_text_that_reads_what_lies_behind_it(look: Look, oracle: Oracle) -> None:
    """What leaks is the memory of the process that loads it: here, of the same file."""
    text = pa.large_binary(), 1, 0, 0, [None, places(0, 4096), b"ab"]
    data = pickle.dumps(Forged(*text), 4)
    ended, last = oracle.run("import pickle; print(len(pickle.load(open(path, 'rb'))[0].as_py()))", data)
    assert (ended, last) == (0, "4096")
    assert verdict(look(data)) is Action.BLOCK


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_the_same_parts_as_they_should_be(protocol: int, look: Look) -> None:
    for parts in (WORDS, (LONG, 1, 0, 1, [None, places(1, 2)]), (LONG, 2, -1, 0, [b"\x01", places(1, 2)])):
        assert verdict(look(pickle.dumps(Forged(*parts), protocol))) is Action.ALLOW


def test_a_series_over_one(look: Look, oracle: Oracle) -> None:
    data = pickle.dumps(pd.Series(["a", "bc"], dtype="string[pyarrow]"), 5)
    ends = places(0, 1, 3)
    assert data.count(ends) == 1
    assert verdict(look(data)) is Action.ALLOW
    far = data.replace(ends, places(0, 1, FAR))
    assert verdict(look(far)) is Action.BLOCK
    ended, last = oracle.run("import pickle; pickle.load(open(path, 'rb')).tolist()", far)
    assert ended < 0, last


@pytest.mark.parametrize("sets", [b"K\x08K\x09s", b"K\x08K\x09sK\x08K\x01s"], ids=["left so", "and back"])
def test_a_buffer_that_is_changed_after_it_was_looked_at(sets: bytes, look: Look) -> None:
    """The array shares the bytearray's memory, of which an item can be set."""
    buffer = bytearray(places(0, 1))
    data = pickle.dumps((Forged(TEXT, 1, 0, 0, [None, buffer, b"a"]), buffer), 5)
    assert verdict(look(data)) is Action.ALLOW
    at = data.rindex(b"\x86\x94.")
    late = data[:at] + sets + data[at:]
    if len(sets) == 5:
        assert pickle.loads(late)[1] == places(0, 9)
        assert verdict(look(late)) is Action.BLOCK


def test_a_column_takes_nothing_but_an_array(look: Look, oracle: Oracle) -> None:
    """pyarrow asks what it is given for its methods, which the state of an instance can hold."""
    inner = op.glob("argparse", "Namespace") + b")\x81}" + op.text("__arrow_c_stream__") + op.glob("builtins", "print")
    state = b"}" + op.text("_pa_array") + inner + b"sbs"
    data = op.proto(4) + op.glob("pandas.arrays", "ArrowStringArray") + b")\x81" + state + b"b."
    assert verdict(look(data)) is Action.BLOCK


def test_a_second_state_is_not_believed(look: Look) -> None:
    series = pickle.dumps(pd.array(["a"], dtype="string[pyarrow]"), 4)
    assert verdict(look(series)) is Action.ALLOW
    assert verdict(look(series[:-1] + b"}b.")) is Action.BLOCK


@pytest.mark.parametrize("length", [2, 3])
def test_a_code_beyond_the_categories_that_pyarrow_holds(length: int, look: Look) -> None:
    data = pickle.dumps(pd.Categorical([*"abababab", None], pd.Index(["a", "b"], dtype="string[pyarrow]")), 4)
    codes = bytes([0, 1] * 4 + [255])
    assert data.count(codes) == 1
    assert verdict(look(data)) is Action.ALLOW
    assert verdict(look(data.replace(codes, codes[:-1] + bytes([length])))) is Action.BLOCK
