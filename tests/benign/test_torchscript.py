"""TorchScript programs, scripted or traced, and exported ones: what computes is allowed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite

torch = pytest.importorskip("torch")
nn = torch.nn


class Pictures(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.filters, self.normal, self.out = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.out(torch.relu(self.normal(self.filters(x))).mean((2, 3)))


class Words(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.words, self.reader, self.out = nn.Embedding(5, 4), nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)

    def forward(self, x):  # type: ignore[no-untyped-def]
        read, _ = self.reader(self.words(x))
        return torch.softmax(self.out(read[:, -1]), -1)


class Decides(nn.Module):  # type: ignore[misc, name-defined]
    """Loops, branches, a constant, a second method."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.times = nn.Linear(4, 4), 3

    def forward(self, x, times: int = 2):  # type: ignore[no-untyped-def]
        for _ in range(times):
            x = self.layer(x) if bool(x.sum() > 0) else x * 2
        return x

    @torch.jit.export  # type: ignore[untyped-decorator]
    def size(self) -> int:
        return self.times


def _best(x: torch.Tensor, k: int) -> torch.Tensor:  # type: ignore[name-defined]
    return torch.topk(x, k)[0]


def _net() -> Any:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 2)).eval()


def _smaller() -> Any:
    return torch.ao.quantization.quantize_dynamic(_net(), {nn.Linear}, dtype=torch.qint8)


def _exported() -> bytes:
    file = io.BytesIO()
    torch.export.save(torch.export.export(_net(), (torch.ones(1, 4),)), file)
    return file.getvalue()


PICTURE, SENTENCE = torch.ones(1, 3, 5, 5), torch.ones(1, 2, dtype=torch.long)
CASES: dict[str, Callable[[], Any]] = {
    "scripted layers": lambda: torch.jit.script(_net()),
    "traced layers": lambda: torch.jit.trace(_net(), torch.ones(1, 4)),
    "scripted network for pictures": lambda: torch.jit.script(Pictures()),
    "traced network for pictures": lambda: torch.jit.trace(Pictures().eval(), PICTURE),
    "scripted recurrent network": lambda: torch.jit.script(Words()),
    "traced recurrent network": lambda: torch.jit.trace(Words(), SENTENCE),
    "scripted transformer": lambda: torch.jit.script(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()),
    "loops and branches": lambda: torch.jit.script(Decides()),
    "scripted function": lambda: torch.jit.script(_best),
    "frozen": lambda: torch.jit.freeze(torch.jit.script(Pictures().eval())),
    "made for this processor": lambda: torch.jit.optimize_for_inference(torch.jit.script(Pictures().eval())),
    "smaller numbers": lambda: torch.jit.script(_smaller()),
    "exported": _exported,
}
ASKS: dict[str, str] = {
    "made for this processor": "It names operators of a backend, which are on no list: nobody read what they do.",
}


def write(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    file = io.BytesIO()
    torch.jit.save(value, file)
    return [file.getvalue()]


SUITE = Suite(library="TorchScript", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
