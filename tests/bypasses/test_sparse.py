"""A sparse tensor's indices say where its numbers go: torch loads forged ones as they are, and writes there later."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.policy.interface import Action
from safeload.scanners.interface import Report

from .conftest import Oracle, rules, verdict

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

Look = Callable[..., Report]
FAR = 10**10
TENSORS = "import torch; x = torch.load(path, weights_only=True)['x']; x.to_dense(); open({!r}, 'w')"
PLAIN = "import torch, pickle; x = pickle.load(open(path, 'rb'))['x']; x.to_dense(); open({!r}, 'w')"
GUARDED = "import safeload; safeload.install()\n"


class Forged:
    """What `Tensor.__reduce_ex__` gives for a sparse tensor, with indices of the test's choice."""

    def __init__(self, layout: Any, *data: Any) -> None:
        self.data = layout, data

    def __reduce__(self) -> tuple[Any, ...]:
        return torch._utils._rebuild_sparse_tensor, self.data


def coordinates(*indices: Any, sides: tuple[int, ...] = (4,), values: int = 0, whole: bool = False) -> Forged:
    made = torch.tensor(indices)
    numbers = torch.ones(values or made.shape[1])
    return Forged(torch.sparse_coo, made, numbers, torch.Size(sides), whole)


def rows(starts: list[int], places: list[int], layout: Any = torch.sparse_csr) -> Forged:
    held = torch.tensor(starts), torch.tensor(places), torch.ones(len(places))
    return Forged(layout, *held, torch.Size((2, 4) if layout is torch.sparse_csr else (4, 2)))


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save({"x": value}, file, **options)
    return file.getvalue()


FORGED = {
    "beyond the end": lambda: coordinates([FAR]),
    "before the start": lambda: coordinates([-1]),
    "in a second row": lambda: coordinates([0, 1], [0, 4], sides=(4, 4)),
    "fewer values": lambda: coordinates([0, 1, 2], values=1),
    "said to be in order": lambda: coordinates([1, 1], whole=True),
    "columns": lambda: rows([0, 1, 1], [FAR]),
    "rows that begin beyond": lambda: rows([0, FAR, FAR], [0]),
    "rows that begin before": lambda: rows([0, 2, 1], [0]),
    "of a tensor by columns": lambda: rows([0, 1, 1], [4], torch.sparse_csc),
}


@pytest.mark.parametrize("case", FORGED)
def test_indices_that_lead_outside_are_found(case: str, look: Look) -> None:
    report = look(saved(FORGED[case]()))
    assert verdict(report) is Action.BLOCK
    assert "pickle-forged-array" in rules(report)


@pytest.mark.parametrize("case", ["pickle", "before torch 1.6", "blocks"])
def test_indices_that_nobody_looked_at_are_a_question(case: str, look: Look) -> None:
    dense = torch.eye(4).to_sparse()
    made = {
        "pickle": lambda: pickle.dumps({"x": dense}),
        "before torch 1.6": lambda: saved(dense, _use_new_zipfile_serialization=False),
        "blocks": lambda: saved(torch.eye(4).to_sparse_bsr((2, 2))),
    }[case]()
    assert verdict(look(made)) is Action.ASK


@pytest.mark.parametrize(
    "made",
    [
        lambda: torch.eye(4).to_sparse(),
        lambda: torch.zeros(3, 3).to_sparse(),
        lambda: torch.ones(2, 2, 2).to_sparse(2),
        lambda: torch.sparse_coo_tensor(torch.tensor([[2, 0], [1, 1]]).t(), torch.ones(2), (3, 3)),
        lambda: torch.eye(4).to_sparse_csr(),
        lambda: torch.eye(4)[:, :3].to_sparse_csc(),
        lambda: torch.zeros(3, 3).to_sparse_csr(),
        lambda: torch.nn.Embedding(3, 2, sparse=True).state_dict(),
    ],
)
def test_sparse_tensors_that_torch_saves_ask_nothing(made: Callable[[], Any], look: Look) -> None:
    assert verdict(look(saved(made()))) is Action.ALLOW


@pytest.mark.heavy
@pytest.mark.parametrize(("loader", "write"), [(TENSORS, saved), (PLAIN, lambda value: pickle.dumps({"x": value}))])
def test_twin_torch_follows_them(loader: str, write: Callable[[Any], bytes], oracle: Oracle, tmp_path: Any) -> None:
    """The process ends where the tensor becomes a dense one; with an index that is one it does not."""
    code, marker = loader.format(str(tmp_path / "came here")), tmp_path / "came here"
    oracle.run(code, write(coordinates([FAR])))
    assert not marker.exists()
    oracle.run(code, write(coordinates([1])))
    assert marker.exists()


@pytest.mark.heavy
def test_a_load_of_tensors_alone_is_checked_under_the_guard(oracle: Oracle, tmp_path: Any) -> None:
    marker = tmp_path / "came here"
    code = GUARDED + TENSORS.format(str(marker))
    ended, last = oracle.run(code, saved(coordinates([FAR])))
    assert "inconsistent" in last or "less than" in last, (ended, last)
    oracle.run(code, saved(coordinates([1])))
    assert marker.exists()
