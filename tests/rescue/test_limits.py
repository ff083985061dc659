"""What bounds a conversion."""

from __future__ import annotations

import pytest

from safeload import limits
from safeload.errors import Malformed, NotConverted
from safeload.rescue.check import pieces
from tests.builders import opcodes as op
from tests.rescue.streams import checkpoint, plan, state, tensor

Cut = pytest.MonkeyPatch


def many(count: int) -> bytes:
    return checkpoint(state(*((f"w{i}", tensor()) for i in range(count))))


def test_the_number_of_tensors_is_bounded(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_TENSORS", 3)
    assert len(plan(many(3)).tensors) == 3
    with pytest.raises(Malformed, match="more than 3 tensors"):
        plan(many(4))


def test_containers_that_multiply_are_not_walked_to_their_end(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_VALUES", 1_000)
    doubled = tensor() + b"".join(op.put(i) + op.get(i) + op.TUPLE2 for i in range(60))
    with pytest.raises(Malformed, match="more than 1,000 values"):
        plan(checkpoint(doubled))


def test_the_depth_of_containers_is_bounded(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_DEPTH", 5)
    assert plan(checkpoint(tensor() + op.TUPLE1 * 6)).tensors
    with pytest.raises(Malformed, match="deep"):
        plan(checkpoint(tensor() + op.TUPLE1 * 7))


def test_the_length_of_a_name_is_bounded() -> None:
    assert plan(checkpoint(state(("x" * limits.RESCUE_NAME, tensor())))).tensors
    with pytest.raises(Malformed, match="1,001 characters"):
        plan(checkpoint(state(("x" * (limits.RESCUE_NAME + 1), tensor()))))


def test_what_was_dropped_is_listed_up_to_a_number(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_DROPPED", 2)
    found = plan(checkpoint(state(("w", tensor()), *((f"n{i}", op.number(i)) for i in range(5)))))
    assert [one.path for one in found.dropped] == ["n0", "n1"]
    assert found.more == 3


def test_views_that_repeat_a_number_may_not_grow_without_end(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_GROWTH", 1_000)
    for count, fits in ((250, True), (400, False)):
        data = checkpoint(tensor(shape=(count, 4), stride=(0, 0)))
        found = plan(data)
        if fits:
            assert pieces(found, size=4_000, file="x")
        else:
            with pytest.raises(NotConverted, match="repeats its numbers"):
                pieces(found, size=4_000, file="x")


def test_rows_that_are_picked_one_by_one_are_bounded(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "RESCUE_ROWS", 3)
    assert pieces(plan(checkpoint(tensor(shape=(3, 2), stride=(1, 1)))), size=4_000, file="x")
    with pytest.raises(NotConverted, match="too long"):
        pieces(plan(checkpoint(tensor(shape=(4, 1, 2), stride=(0, 1, 2)))), size=4_000, file="x")
