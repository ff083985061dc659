"""Tensors in other files than torch's own of today: number by number what a trusted load gives, without the payload."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.guard.loaders.calls import call_for
from safeload.rescue.convert import convert
from safeload.rescue.interface import Rescued
from tests.builders.tars import made
from tests.rescue.test_torch import Payload, same

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
np = pytest.importorskip("numpy")
joblib = pytest.importorskip("joblib")
load_file = pytest.importorskip("safetensors.torch").load_file

Load = Callable[[Path], Any]


def rescued(path: Path) -> tuple[Rescued, dict[str, Any]]:
    done = convert(call_for(str(path)), path.parent / f"{path.name}-out")
    return done, load_file(done.folder / done.taken[0].file)


def tensors() -> dict[str, Any]:
    torch.manual_seed(0)
    base = torch.randn(300, 100)
    return {
        "large": base, "turned": base.t(), "part": base[3:9, ::7], "none": torch.zeros(0, 3), "one": torch.tensor(3),
        "half": torch.randn(4).half(), "brain": torch.randn(4).bfloat16(),
        "zeros": torch.zeros(4), "again": torch.zeros(4),
        "parameter": torch.nn.Parameter(torch.randn(2)), "bools": torch.tensor([True, False]),
    }  # fmt: skip


def arrays() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    base = rng.normal(size=(200, 100))
    kinds = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "c8", ">f4", ">i8"]
    return {
        **{kind.replace(">", "big"): np.arange(6).reshape(2, 3).astype(kind) for kind in kinds},
        "bools": np.array([[True, False]]), "large": base, "turned": base.T, "part": base[::3, 5],
        "none": np.zeros((0, 4)),
        "scalar": np.array(2.5), "zeros": np.zeros(4), "again": np.zeros(4),
    }  # fmt: skip


def unequal(out: dict[str, Any], trusted: dict[str, Any]) -> list[str]:
    if out.keys() != trusted.keys():
        return sorted(out.keys() ^ trusted.keys())
    return [name for name in trusted if not same(out[name], as_tensor(trusted[name]))]


def as_tensor(value: Any) -> Any:
    return (
        torch.from_numpy(np.array(value.astype(value.dtype.newbyteorder("="))))
        if isinstance(value, np.ndarray)
        else value
    )


def dumped(value: Any, path: Path, protocol: int) -> None:
    path.write_bytes(pickle.dumps(value, protocol))


def unpickled(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("given", [tensors, arrays], ids=["tensors", "arrays"])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_plain_pickle(given: Callable[[], dict[str, Any]], protocol: int, tmp_path: Path, marker: Path) -> None:
    path = tmp_path / "model.pkl"
    dumped({**given(), "x": Payload(marker)}, path, protocol)
    _, out = rescued(path)
    assert not marker.exists()
    trusted = unpickled(path)
    assert marker.exists()  # the twin: so it goes without
    del trusted["x"]
    assert unequal(out, trusted) == []


@pytest.mark.parametrize("given", [tensors, arrays], ids=["tensors", "arrays"])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_joblib(given: Callable[[], dict[str, Any]], protocol: int, tmp_path: Path, marker: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump({**given(), "objects": np.array([1, "x"], dtype=object), "x": Payload(marker)}, path, protocol=protocol)
    done, out = rescued(path)
    assert not marker.exists()
    trusted = joblib.load(path)
    assert marker.exists()
    for name in ("x", "objects"):
        del trusted[name]
    assert unequal(out, trusted) == []
    assert "an array of Python objects" in {one.what for one in done.taken[0].dropped}


def test_an_estimator_gives_its_arrays_by_their_place(tmp_path: Path) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    x = np.arange(20.0).reshape(10, 2)
    made = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()).fit(x, x[:, 0] > 8)
    path = tmp_path / "model.joblib"
    joblib.dump(made, path)
    done, out = rescued(path)
    assert same(out["steps.1.1.coef_"], torch.from_numpy(made[1].coef_))
    assert same(out["steps.0.1.mean_"], torch.from_numpy(made[0].mean_))
    assert "sklearn.linear_model._logistic.LogisticRegression" in done.taken[0].modules
    assert ("steps.1.1.C", "float 1.0") in {(one.path, one.what) for one in done.taken[0].dropped}


class Program(torch.nn.Module):  # type: ignore[name-defined, misc]
    """With what a program can hold beside layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
        self.register_buffer("kept", torch.ones(2))
        self.tied = self.layer[0].weight
        self.numbers = [1, 2]

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.layer(x) + self.kept.sum() + torch.tensor([1.0, 2.0]).sum() + self.numbers[0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_program_gives_its_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(Program()), path)
    done, out = rescued(path)
    trusted = torch.jit.load(path).state_dict()
    out.update({name: out[kept] for name, kept in done.taken[0].aliases.items()})
    assert unequal(out, trusted) == []
    assert "the program itself (TorchScript), and its constants" in {one.what for one in done.taken[0].dropped}


def first_format(path: Path, given: dict[str, Any], marker: Path) -> None:
    """As torch 0.1 wrote it: nothing does so today."""
    kinds = {torch.float32: torch.FloatStorage, torch.int64: torch.LongStorage}
    storages, held, views = [], [], []
    for key, one in enumerate(given.values()):
        flat = one.new_empty(0).set_(one.untyped_storage(), 0, (one.untyped_storage().nbytes() // one.itemsize,))
        storages.append(pickle.dumps((key, "cpu", kinds[one.dtype]), 2))
        storages.append(struct.pack("<q", flat.numel()) + flat.numpy().tobytes())
        view = struct.pack("<ii", one.dim(), 0) + struct.pack(f"<{2 * one.dim()}q", *one.shape, *one.stride())
        held.append(
            pickle.dumps((100 + key, key, "torch.FloatTensor"), 2) + view + struct.pack("<q", one.storage_offset())
        )
    views.append((50, 0, 1, 2))
    held.append(pickle.dumps((150, 50, "torch.FloatTensor"), 2) + struct.pack("<iiqqq", 1, 0, 2, 1, 0))

    class Numbered(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return str(obj) if type(obj) is int and obj >= 100 else None

    with (path.parent / "numbered").open("wb") as file:
        Numbered(file, 2).dump({**{name: 100 + n for n, name in enumerate(given)}, "view": 150, "x": Payload(marker)})
    members = {
        "sys_info": pickle.dumps({}, 2), "pickle": (path.parent / "numbered").read_bytes(),
        "tensors": pickle.dumps(len(held), 2) + b"".join(held),
        "storages": pickle.dumps(len(given), 2) + b"".join(storages) + pickle.dumps(views, 2),
    }  # fmt: skip
    path.write_bytes(made(members))


def test_the_first_format_of_torch(tmp_path: Path, marker: Path) -> None:
    path, base = tmp_path / "model.pth", torch.arange(12.0).reshape(3, 4)
    first_format(path, {"base": base, "turned": base.t()[1:], "whole": torch.tensor([1, 2, 3])}, marker)
    _, out = rescued(path)
    assert not marker.exists()
    trusted = torch.load(path, weights_only=False)
    assert marker.exists()
    del trusted["x"]
    assert same(out["view"], torch.tensor([1.0, 2.0]))
    assert unequal(out, trusted) == []


@pytest.mark.parametrize("packed", [("zlib", 3), ("gzip", 3), ("lzma", 3)], ids=lambda one: one[0])
def test_what_is_compressed_as_a_whole_says_what_to_do(packed: tuple[str, int], tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(arrays(), path, compress=packed)
    with pytest.raises(safeload.SafeloadError, match="decompress it first"):
        rescued(path)


def test_numbers_that_are_written_as_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    dumped(arrays(), path, 2)
    with pytest.raises(safeload.SafeloadError, match="before protocol 3"):
        rescued(path)
