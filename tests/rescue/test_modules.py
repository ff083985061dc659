"""Whole modules of known libraries: the state dict that a trusted load has, and a list of what was not kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rescue.test_layouts import rescued, unequal
from tests.rescue.test_torch import Payload

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def layers() -> Any:
    made = torch.nn.Sequential(
        torch.nn.LSTM(3, 4, 2, bidirectional=True),
        torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(8, 2), 2),
        torch.nn.BatchNorm1d(3), torch.nn.MultiheadAttention(8, 2), torch.nn.Embedding(5, 4), torch.nn.PReLU(),
    )  # fmt: skip
    made.aside = torch.ones(3)
    return made


def bert() -> Any:
    return transformers.BertForSequenceClassification(transformers.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16
    ))  # fmt: skip


def gpt2() -> Any:
    config = transformers.GPT2Config(n_layer=1, n_embd=16, n_head=2, vocab_size=20, n_positions=8)
    return transformers.GPT2LMHeadModel(config)


def sentences() -> Any:
    models = pytest.importorskip("sentence_transformers.models")
    from sentence_transformers import SentenceTransformer

    pooling = models.Pooling(16, "mean")
    return SentenceTransformer(modules=[Inner(), pooling, models.Dense(16, 4)])


class Inner(torch.nn.Module):  # type: ignore[name-defined, misc]
    """A transformer of the user's own: the library's needs a tokenizer from the hub."""

    def __init__(self) -> None:
        super().__init__()
        self.auto_model = bert().bert


@pytest.mark.parametrize("made", [layers, bert, gpt2, sentences], ids=lambda one: one.__name__)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_whole_module(made: Callable[[], Any], zipped: bool, tmp_path: Path, marker: Path) -> None:
    path, model = tmp_path / "model.pt", made()
    model.poison = Payload(marker)
    torch.save(model, path, _use_new_zipfile_serialization=zipped)
    done, out = rescued(path)
    assert not marker.exists()
    trusted = torch.load(path, weights_only=False)
    assert marker.exists()  # the twin: so it goes without
    (taken,) = done.taken
    out.update({name: out[kept] for name, kept in taken.aliases.items()})
    assert unequal(out, trusted.state_dict()) == []
    classes = {f"{type(one).__module__}.{type(one).__qualname__}" for one in trusted.modules()}
    assert classes == set(taken.modules)
    settings = {one.path: one.what for one in taken.dropped if one.what.startswith("its settings: ")}
    kind = f"{type(trusted).__module__}.{type(trusted).__qualname__}"
    assert "poison" in settings[kind].removeprefix("its settings: ").split(", ")
    if "config" in vars(trusted):
        assert "config" in settings[kind]


def test_a_tensor_that_no_state_dict_has_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(layers(), path)
    done, out = rescued(path)
    assert "aside" not in out
    lost = [
        one.path for one in done.taken[0].dropped if one.what == "a tensor that is neither a parameter nor a buffer"
    ]
    assert lost == ["aside"]  # and not the weights that an LSTM has a second list of


def test_weights_within_a_module_are_loaded_into_a_new_one(tmp_path: Path) -> None:
    path, model = tmp_path / "model.pt", bert()
    torch.save(model, path)
    _, out = rescued(path)
    fresh = bert()
    assert fresh.load_state_dict(out).missing_keys == []
    assert unequal(fresh.state_dict(), model.state_dict()) == []
