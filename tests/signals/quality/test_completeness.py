from __future__ import annotations

import json

import pytest

from safeload.signals.interface import Outcome
from safeload.signals.quality.completeness import Completeness
from safeload.sources.interface import Role
from tests.signals.conftest import Observe

PROBE = Completeness
INDEX = "model.safetensors.index.json"
SHARDS = {"a.safetensors": Role.WEIGHTS, "b.safetensors": Role.WEIGHTS, INDEX: Role.WEIGHTS}
MAP = {"x": "a.safetensors", "y": "b.safetensors", "z": "b.safetensors"}


def an_index(weight_map: object = MAP, path: str = INDEX) -> dict[str, bytes]:
    return {path: json.dumps({"metadata": {}, "weight_map": weight_map}).encode()}


def test_all_shards_are_there(observe: Observe) -> None:
    signal = observe(roles=SHARDS, files=an_index())
    assert signal.outcome is Outcome.SUPPORTS
    assert signal.summary == "All that the index names is there: 2 files."


def test_one_file_of_weights(observe: Observe) -> None:
    assert observe().summary == "The weights are one file, and it is there."
    assert observe(roles={"a": Role.WEIGHTS, "b": Role.TARGET}).summary == "The weights are 2 files, and all are there."


def test_a_missing_shard_weighs_against(observe: Observe) -> None:
    signal = observe(roles=SHARDS, files=an_index(), missing=("b.safetensors",))
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert signal.summary == "1 file that the load needs is not there: b.safetensors."


def test_a_shard_that_only_the_index_names_weighs_against(observe: Observe) -> None:
    signal = observe(roles=SHARDS, files=an_index({**MAP, "w": "c.safetensors"}))
    assert signal.outcome is Outcome.WEIGHS_AGAINST
    assert signal.evidence == ("c.safetensors",)


def test_an_index_in_a_folder_names_what_lies_beside_it(observe: Observe) -> None:
    path = f"unet/{INDEX}"
    roles = {"unet/a.safetensors": Role.WEIGHTS, path: Role.CONFIG, "b.safetensors": Role.WEIGHTS}
    files = an_index({"x": "a.safetensors", "y": "b.safetensors"}, path)
    assert observe(roles=roles, files=files).evidence == ("unet/b.safetensors",)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"weight_map": 3}', b"[" * 100_000])
def test_an_index_that_cannot_be_read_is_unknown(observe: Observe, raw: bytes) -> None:
    assert observe(roles=SHARDS, files={INDEX: raw}).outcome is Outcome.UNKNOWN


def test_no_weights_are_unknown(observe: Observe) -> None:
    assert observe(roles={"tokenizer.json": Role.TOKENIZER}).outcome is Outcome.UNKNOWN
