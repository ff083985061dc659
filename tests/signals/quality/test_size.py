from __future__ import annotations

import json

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.quality.size import Size
from safeload.sources.interface import Role
from tests.signals.conftest import Observe

PROBE = Size
SHARDS = {
    "a.safetensors": Role.WEIGHTS,
    "b.safetensors": Role.WEIGHTS,
    "model.safetensors.index.json": Role.CONFIG,
}
TENSORS = {"a.safetensors": {"F32": 600_000}, "b.safetensors": {"F32": 1_000_000, "BF16": 200_000}}


def an_index(total: object) -> dict[str, bytes]:
    said = {"metadata": {"total_size": total}, "weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}
    return {"model.safetensors.index.json": json.dumps(said).encode()}


def test_headers_are_counted(observe: Observe) -> None:
    signal = observe(tensors={"model.safetensors": {"F32": 4_385_920}})
    assert signal.outcome is Outcome.NEUTRAL
    assert signal.summary == "The headers hold 4.4 million parameters (F32, 17.5 MB)."
    assert signal.evidence == ("F32: 4,385,920",)
    assert signal.observed_at == ""


def test_an_index_that_agrees_supports(observe: Observe) -> None:
    signal = observe(roles=SHARDS, tensors=TENSORS, files=an_index(6_800_000))
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "The headers hold 1.8 million parameters (F32, BF16, 6.8 MB), as the index says."


def test_an_index_that_disagrees_weighs_against(observe: Observe) -> None:
    signal = observe(roles=SHARDS, tensors=TENSORS, files=an_index(13_600_000))
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert "the index claims 13.6 MB" in signal.summary


@pytest.mark.parametrize("total", [None, "6800000", -1, 1.5, True])
def test_an_index_that_says_nothing_of_use_is_neutral(observe: Observe, total: object) -> None:
    assert observe(roles=SHARDS, tensors=TENSORS, files=an_index(total)).outcome is Outcome.NEUTRAL


def test_nothing_is_compared_while_a_shard_is_unread(observe: Observe) -> None:
    tensors = {"a.safetensors": {"F32": 600_000}}
    assert observe(roles=SHARDS, tensors=tensors, files=an_index(6_800_000)).outcome is Outcome.NEUTRAL


def test_an_unknown_type_has_no_size(observe: Observe) -> None:
    assert observe(tensors={"model.safetensors": {"Q9": 10}}).summary == "The headers hold 10 parameters (Q9)."


def test_what_the_load_does_not_open_is_not_counted(observe: Observe) -> None:
    assert observe(tensors={"other.safetensors": {"F32": 10}}).outcome is Outcome.UNKNOWN
    assert observe(tensors={}).summary == "The headers do not say how many parameters there are."
