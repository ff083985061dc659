"""What is said of versions, in one process: `python -m tests.libraries.smoke`, with whatever is installed there.

Each library that is there loads an ordinary file or folder with the guard on, without a question, and a poisoned one
not at all. With `HF_ENDPOINT` (`python examples/hub`) the models come from a hub. Prints the versions as JSON;
with `--record`, they are written down for `make docs`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import pickle
import platform
import sys
import tempfile
from pathlib import Path

import safeload
from safeload.errors import NotLoaded, Stop
from tests.libraries.payload import Runs

PAGE = Path(__file__).with_name("versions.json")
ORDINARY, POISONED = "acme/tiny-bert", "mallory/tiny-bert-pwned"  # examples/hub
NAMES = ("numpy", "joblib", "torch", "transformers", "huggingface_hub")


def has(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def files(folder: Path, marker: Path) -> dict:
    """By library: how a path is loaded, an ordinary path and a poisoned one."""
    for name, value in (("plain", {"weights": [1.0, 2.0]}), ("evil", Runs(marker))):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(value))
    plain, evil = folder / "plain.pkl", folder / "evil.pkl"
    found = {"pickle": (lambda path: pickle.loads(path.read_bytes()), plain, evil)}
    if has("numpy"):
        import numpy

        numpy.save(folder / "plain.npy", numpy.arange(3))
        numpy.save(folder / "evil.npy", numpy.array([Runs(marker)], dtype=object), allow_pickle=True)
        found["numpy"] = (
            lambda path: numpy.load(path, allow_pickle=True).tolist(), folder / "plain.npy", folder / "evil.npy"
        )  # fmt: skip
    if has("joblib"):
        import joblib

        found["joblib"] = (joblib.load, plain, evil)
    if has("torch"):
        import torch

        torch.save({"w": torch.ones(2)}, folder / "plain.pt")
        torch.save({"w": Runs(marker)}, folder / "evil.pt")
        found["torch"] = (
            lambda path: torch.load(path, weights_only=False)["w"].tolist(), folder / "plain.pt", folder / "evil.pt"
        )  # fmt: skip
    if has("torch", "transformers"):
        found["transformers"] = models(folder, marker)
    return found


def models(folder: Path, marker: Path) -> tuple:
    import torch
    from transformers import AutoModel, BertConfig, BertModel

    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertModel(BertConfig(vocab_size=8, **small))
    for name in ("plain", "evil"):
        model.save_pretrained(folder / name)
    (folder / "evil" / "model.safetensors").unlink()
    torch.save({"w": Runs(marker)}, folder / "evil" / "pytorch_model.bin")

    def load(path):
        # As it is done by who asks for what is pickled.
        return len(list(AutoModel.from_pretrained(path, weights_only=False).parameters()))

    return load, folder / "plain", folder / "evil"


def from_a_hub() -> None:
    """The sample models of `python examples/hub`."""
    from transformers import AutoConfig, AutoModel

    assert len(list(AutoModel.from_pretrained(ORDINARY).parameters()))
    assert AutoConfig.from_pretrained(ORDINARY).model_type == "bert"
    try:
        AutoModel.from_pretrained(POISONED, weights_only=False)
    except (NotLoaded, Stop):
        return
    raise AssertionError("not stopped")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        marker = folder / "marker"
        os.environ["SAFELOAD_HOME"] = str(folder / "home")
        found = files(folder, marker)
        before = {name: load(plain) for name, (load, plain, _) in found.items()}
        safeload.install()
        for name, (load, plain, evil) in found.items():
            assert load(plain) == before[name], name
            try:
                load(evil)
            except (NotLoaded, Stop):
                pass
            else:
                raise AssertionError(f"{name}: not stopped")
            assert not marker.exists(), name
        asked = "HF_ENDPOINT" in os.environ
        if asked:
            from_a_hub()
        safeload.remove()
    versions = {name: importlib.metadata.version(name) for name in NAMES if has(name)}
    seen = {"python": platform.python_version(), **versions, "loads": [*sorted(found), *["from a hub"] * asked]}
    print(json.dumps(seen))
    if "--record" in sys.argv:
        kept = json.loads(PAGE.read_text()) if PAGE.is_file() else []
        same = [one for one in kept if {**one, "loads": 0} != {**seen, "loads": 0}]
        PAGE.write_text(json.dumps(sorted([*same, seen], key=repr), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
