"""What is rescued is, number by number, what a trusted load gives: with torch, safetensors, transformers themselves."""

from __future__ import annotations

import json
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.guard.loaders.calls import call_for
from safeload.policy.interface import Action
from safeload.rescue.convert import convert
from safeload.rescue.interface import PROVENANCE, Rescued

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
load_file = pytest.importorskip("safetensors.torch").load_file


NEW = {getattr(torch, name) for name in ("uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu")
       if hasattr(torch, name)}  # fmt: skip


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.marker), "w")


def same(one: Any, other: Any) -> bool:
    """Bit by bit, so that NaN is itself."""
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return False
    if not one.numel():
        return True
    a, b = (x.detach().contiguous().reshape(-1).view(torch.uint8) for x in (one, other))
    return bool(torch.equal(a, b))


def rescued(path: Path, **options: Any) -> Rescued:
    return convert(call_for(str(path), options=options), path.parent / f"{path.name}-out")


def assorted() -> dict[str, Any]:
    torch.manual_seed(0)
    base = torch.randn(3, 4, 5)
    floats = {
        str(dtype).partition(".")[2]: torch.randn(3, 4).to(dtype).t()
        for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64)
    }
    whole = {
        str(dtype).partition(".")[2]: torch.tensor([[0, 1, 2], [3, 4, 5]], dtype=dtype).t()
        for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
    }
    bits = torch.arange(12, dtype=torch.uint8)
    small = {
        name: bits.view(getattr(torch, name)).reshape(3, 4)[:, ::2]
        for name in ("float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "uint16", "uint32", "uint64")
        if hasattr(torch, name) and 12 % getattr(torch, name).itemsize == 0 and getattr(torch, name).itemsize == 1
    }
    wide = {name: torch.tensor([1, 2, 3]).to(getattr(torch, name)) for name in ("uint16", "uint32", "uint64")}
    return {
        **floats, **whole, **small, **wide, "base": base, "turned": base.permute(2, 0, 1), "part": base[1:, ::2, 1],
        "one": base[0, 0, 0], "none": torch.zeros(0, 7), "scalar": torch.tensor(3),
        "wide": torch.ones(1, 4).expand(6, 4),
        "nan": torch.tensor([float("nan"), -0.0, float("inf")]),
        "last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "parameter": torch.nn.Parameter(torch.randn(2)),
        "frozen": torch.nn.Parameter(torch.randn(2), requires_grad=False),
    }  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_every_dtype_and_every_view(zipped: bool, protocol: int, tmp_path: Path) -> None:
    path, given = tmp_path / "model.pt", assorted()
    if not zipped:  # torch writes these in the old format too, and does not read them
        given = {name: one for name, one in given.items() if one.dtype not in NEW}
    torch.save(given, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    trusted = torch.load(path, weights_only=False)  # our own file
    out = load_file(rescued(path).folder / "model.safetensors")
    assert out.keys() == trusted.keys()
    assert [name for name in trusted if not same(out[name], trusted[name])] == []


def test_what_safetensors_cannot_hold_is_listed_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    given = {"kept": torch.ones(2), "sparse": torch.eye(3).to_sparse(), "wide": torch.ones(2, dtype=torch.complex128)}
    given["quantised"] = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    torch.save(given, path)
    (taken,) = rescued(path).taken
    assert taken.tensors == ("kept",)
    assert {one.path: one.what.split(",")[0] for one in taken.dropped} == {
        "sparse": "a sparse tensor", "quantised": "a quantised tensor", "wide": "a tensor of complex128",
    }  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_whole_module_gives_its_state_dict(zipped: bool, tmp_path: Path) -> None:
    module = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ModuleList([torch.nn.LSTM(3, 4)]),
        torch.nn.TransformerEncoderLayer(8, 2),
    )  # fmt: skip
    module.register_buffer("passing", torch.ones(2), persistent=False)
    module.register_parameter("absent", None)
    path = tmp_path / "model.pt"
    torch.save(module, path, _use_new_zipfile_serialization=zipped)
    done = rescued(path)
    out, trusted = load_file(done.folder / "model.safetensors"), module.state_dict()
    assert out.keys() == trusted.keys()
    assert all(same(out[name], trusted[name]) for name in trusted)
    assert "torch.nn.modules.conv.Conv2d" in done.taken[0].modules
    assert ("passing", "a buffer that is not saved (not persistent)") in [
        (d.path, d.what) for d in done.taken[0].dropped
    ]


def test_a_training_checkpoint_keeps_the_optimisers_tensors_under_their_path(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 2)
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(2)).sum().backward()
    optimiser.step()
    path = tmp_path / "last.ckpt"
    given = {"state_dict": model.state_dict(), "optimizer_states": [optimiser.state_dict()], "epoch": 3}
    torch.save(given, path)
    out = load_file(rescued(path).folder / "last.safetensors")
    assert same(out["state_dict.weight"], model.weight)
    assert same(out["optimizer_states.0.state.0.exp_avg"], optimiser.state_dict()["state"][0]["exp_avg"])


def test_a_wrapped_state_dict_is_unwrapped(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    torch.save({"state_dict": OrderedDict(w=torch.ones(2)), "epoch": 3}, path)
    done = rescued(path)
    assert list(load_file(done.folder / "model.safetensors")) == ["w"]
    assert done.taken[0].within == "state_dict"


def test_it_is_loaded_from_then_on_without_a_question(tmp_path: Path) -> None:
    path, marker = tmp_path / "model.pt", tmp_path / "marker"
    weight = torch.randn(3, 2)
    torch.save({"w": weight, "tied": weight, "x": Payload(marker)}, path)
    assert safeload.scan(path).verdict.action is Action.BLOCK
    folder = rescued(path).folder
    assert safeload.scan(folder).verdict.action is Action.ALLOW
    model = safeload.load(folder).objects["model"]
    assert model.keys() == {"w", "tied"}
    assert same(model["w"], weight)
    assert model["tied"] is model["w"]
    assert not marker.exists()
    assert torch.load(path, weights_only=False).keys() == {"w", "tied", "x"}
    assert marker.exists()  # the twin: so it goes without


def gpt2(folder: Path, *, tied: bool) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        n_layer=1, n_embd=16, n_head=2, vocab_size=20, n_positions=8, bos_token_id=0, eos_token_id=1,
        tie_word_embeddings=tied,
    )  # fmt: skip
    made = GPT2LMHeadModel(config)
    if not tied:
        made.lm_head.weight = made.transformer.wte.weight  # the same numbers all the same
    config.save_pretrained(folder)
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    (folder / "generation_config.json").write_text("{}")
    return made


@pytest.mark.parametrize("tied", [True, False])
def test_transformers_loads_what_was_converted(tied: bool, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder, marker = tmp_path / "org", tmp_path / "marker"
    made = gpt2(folder, tied=tied)
    torch.save({**made.state_dict(), "x": Payload(marker)}, folder / "pytorch_model.bin")
    done = rescued(folder)
    assert sorted(p.name for p in done.folder.iterdir()) == [
        "config.json", "generation_config.json", "model.safetensors", PROVENANCE,
    ]  # fmt: skip
    assert (done.folder / "config.json").read_bytes() == (folder / "config.json").read_bytes()
    assert dict(done.taken[0].aliases) == ({"lm_head.weight": "transformer.wte.weight"} if tied else {})
    assert safeload.scan(done.folder).verdict.action is Action.ALLOW
    loaded, info = AutoModelForCausalLM.from_pretrained(done.folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    trusted = made.state_dict()
    assert all(same(value, trusted[name]) for name, value in loaded.state_dict().items())
    assert safeload.from_pretrained(AutoModelForCausalLM, done.folder).state_dict().keys() == trusted.keys()
    assert not marker.exists()


def test_shards_become_shards(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = tmp_path / "org"
    made = gpt2(folder, tied=True)
    names = list(made.state_dict())
    halves = {"pytorch_model-00001-of-00002.bin": names[:4], "pytorch_model-00002-of-00002.bin": names[4:]}
    where = {name: file for file, inside in halves.items() for name in inside}
    for file, inside in halves.items():
        torch.save({name: made.state_dict()[name] for name in inside}, folder / file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    done = rescued(folder)
    index = json.loads((done.folder / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == {f"model-0000{i}-of-00002.safetensors" for i in (1, 2)}
    loaded = AutoModelForCausalLM.from_pretrained(done.folder)
    assert all(same(value, made.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_nothing_is_imported_for_it_in_this_process(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "model.pt"
    torch.save({"w": torch.ones(3, 2).t()}, path)
    code = (
        "import sys; from pathlib import Path; from safeload.rescue.convert import convert;"
        "from safeload.guard.loaders.calls import call_for;"
        f"convert(call_for({str(path)!r}), Path({str(tmp_path / 'out')!r}));"
        "print(sorted({'torch', 'numpy', 'safetensors', 'pickle'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['pickle']")
