# ruff: noqa: E501 -- one case a line
"""What torch's own objects become in a file is allowed."""

from __future__ import annotations

import collections
import io
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite

torch = pytest.importorskip("torch")
nn = torch.nn


def _net() -> Any:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))


# What each layer takes; a layer that takes nothing is not named.
GIVEN: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("AdaptiveAvgPool1d", "AdaptiveMaxPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d"), (2,)),
    **dict.fromkeys(("AdaptiveAvgPool3d", "AdaptiveMaxPool3d", "ChannelShuffle", "PixelShuffle", "PixelUnshuffle"), (2,)),
    **dict.fromkeys(("AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d"), (2,)),
    **dict.fromkeys(("MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"), (2,)),
    **dict.fromkeys(("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "InstanceNorm1d"), (3,)),
    **dict.fromkeys(("InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "RMSNorm"), (3,)),
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"), (2, 3, 1)),
    **dict.fromkeys(("ConstantPad1d", "ConstantPad2d", "ConstantPad3d"), (1, 0.0)),
    **dict.fromkeys(("CircularPad1d", "CircularPad2d", "CircularPad3d", "ReflectionPad1d", "ReflectionPad2d"), (1,)),
    **dict.fromkeys(("ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d"), (1,)),
    **dict.fromkeys(("ZeroPad1d", "ZeroPad2d", "ZeroPad3d"), (1,)),
    **dict.fromkeys(("FractionalMaxPool2d", "FractionalMaxPool3d"), (2, 1)),
    **dict.fromkeys(("LPPool1d", "LPPool2d", "LPPool3d"), (2, 2)),
    **dict.fromkeys(("Linear", "NonDynamicallyQuantizableLinear", "Embedding", "EmbeddingBag"), (4, 3)),
    **dict.fromkeys(("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell"), (3, 2)),
    **dict.fromkeys(("TransformerEncoderLayer", "TransformerDecoderLayer", "MultiheadAttention"), (4, 2)),
    "AdaptiveLogSoftmaxWithLoss": (4, 10, [3]),
    "Bilinear": (2, 2, 2),
    "CrossMapLRN2d": (2,),
    "Fold": ((2, 2), 1),
    "GroupNorm": (1, 2),
    "LinearCrossEntropyLoss": (4, 3),
    "LocalResponseNorm": (2,),
    "Softmax2d": (),
    "Threshold": (0.1, 0.0),
    "Transformer": (4, 2, 1, 1, 8),
    "Unflatten": (1, (2, 2)),
    "Unfold": (2,),
    "RNNBase": ("LSTM", 3, 2),
    "RNNCellBase": (3, 2, True, 4),
    "Sequential": (),
    "ParameterList": (),
}  # fmt: skip


def _layers() -> dict[str, Callable[[], Any]]:
    kinds = {name: getattr(nn, name) for name in sorted(dir(nn)) if isinstance(getattr(nn, name), type)}
    layers = {name: kind for name, kind in kinds.items() if issubclass(kind, nn.Module)}
    return {
        f"layer {name}": (lambda name=name, kind=kind: kind(*GIVEN.get(name, ())))
        for name, kind in layers.items()
        if name not in ("Container", "DataParallel", "Module", "TransformerEncoder", "TransformerDecoder")
        and not name.startswith("Lazy")
    }


def _trained(kind: str) -> Any:
    net = _net()
    if kind == "SparseAdam":
        net = nn.Embedding(5, 3, sparse=True)
        optimizer = torch.optim.SparseAdam(net.parameters())
        net(torch.tensor([1])).sum().backward()
    else:
        weights = [p for p in net.parameters() if p.ndim == 2] if kind == "Muon" else list(net.parameters())
        optimizer = getattr(torch.optim, kind)(weights, lr=0.1)
        net(torch.ones(1, 4)).sum().backward()
    optimizer.step(*([lambda: torch.tensor(1.0)] if kind == "LBFGS" else []))
    return optimizer


OPTIMIZERS = [
    name
    for name in dir(torch.optim)
    if isinstance(getattr(torch.optim, name), type) and name[0].isupper() and name != "Optimizer"
]


def _scheduler(make: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    return lambda: make(torch.optim.lr_scheduler, torch.optim.SGD(_net().parameters(), lr=0.1, momentum=0.9))


SCHEDULERS: dict[str, Callable[[], Any]] = {
    "StepLR": _scheduler(lambda s, o: s.StepLR(o, 2)),
    "MultiStepLR": _scheduler(lambda s, o: s.MultiStepLR(o, [2])),
    "ConstantLR": _scheduler(lambda s, o: s.ConstantLR(o)),
    "LinearLR": _scheduler(lambda s, o: s.LinearLR(o)),
    "ExponentialLR": _scheduler(lambda s, o: s.ExponentialLR(o, 0.9)),
    "PolynomialLR": _scheduler(lambda s, o: s.PolynomialLR(o)),
    "CosineAnnealingLR": _scheduler(lambda s, o: s.CosineAnnealingLR(o, 5)),
    "CosineAnnealingWarmRestarts": _scheduler(lambda s, o: s.CosineAnnealingWarmRestarts(o, 5)),
    "ReduceLROnPlateau": _scheduler(lambda s, o: s.ReduceLROnPlateau(o)),
    "CyclicLR": _scheduler(lambda s, o: s.CyclicLR(o, 0.1, 0.2)),
    "OneCycleLR": _scheduler(lambda s, o: s.OneCycleLR(o, 0.1, 10)),
    "SequentialLR": _scheduler(lambda s, o: s.SequentialLR(o, [s.StepLR(o, 2), s.ExponentialLR(o, 0.9)], [2])),
    "ChainedScheduler": _scheduler(lambda s, o: s.ChainedScheduler([s.StepLR(o, 2)])),
}


def _arguments() -> Any:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate")
    return transformers.TrainingArguments(output_dir="out", report_to=[])


def _quantized() -> Any:
    return torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)


def _loader() -> Any:
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)), batch_size=2)


CASES: dict[str, Callable[[], Any]] = {
    **_layers(),
    "TransformerEncoder": lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, activation="gelu"), 1),
    "TransformerDecoder": lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 1),
    "layers that are not made yet": lambda: nn.Sequential(nn.LazyLinear(2), nn.LazyConv1d(3, 1)),
    "trained network": lambda: (lambda net: (net(torch.ones(1, 4)).sum().backward(), net)[1])(_net()),
    "network without gradients": lambda: _net().requires_grad_(False).half(),
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)).state_dict(),
    **{f"optimizer {name}": (lambda name=name: _trained(name)) for name in OPTIMIZERS},
    **{f"state of optimizer {name}": (lambda name=name: _trained(name).state_dict()) for name in ("SGD", "AdamW", "LBFGS")},
    **{f"scheduler {name}": make for name, make in SCHEDULERS.items()},
    "state of schedulers": lambda: {name: make().state_dict() for name, make in SCHEDULERS.items() if name != "CyclicLR"},
    "state dict": lambda: _net().state_dict(),
    "checkpoint": lambda: {"epoch": 3, "net": _net().state_dict(), "best": 0.5, "options": {"lr": 0.1}},
    "state of GradScaler": lambda: torch.amp.GradScaler("cpu").state_dict(),
    "GradScaler": lambda: torch.amp.GradScaler("cpu"),
    "state of random numbers": lambda: {"torch": torch.get_rng_state(), "python": __import__("random").getstate()},
    "Generator": lambda: torch.Generator().manual_seed(1),
    **{
        f"tensor of {kind}": (lambda kind=kind: torch.ones(2, 2).to(getattr(torch, kind)))
        for kind in (
            "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
            "uint64", "bool", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2",
        )
    },
    "quantized tensor": _quantized,
    "parameter": lambda: nn.Parameter(torch.ones(2)),
    "parameter with attributes": lambda: _with_attribute(nn.Parameter(torch.ones(2))),
    "view": lambda: torch.arange(10)[2:8:2],
    "conjugate": lambda: torch.ones(2, dtype=torch.complex64).conj(),
    "sparse tensor": lambda: torch.eye(3).to_sparse(),
    "sparse tensor by rows": lambda: torch.eye(3).to_sparse_csr(),
    "nested tensor": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "meta tensor": lambda: torch.ones(2, device="meta"),
    "dtypes": lambda: [torch.float32, torch.int64, torch.bfloat16],
    "device": lambda: torch.device("cpu"),
    "size": lambda: torch.Size([1, 2]),
    "layout": lambda: torch.strided,
    "storage": lambda: torch.ones(2).untyped_storage(),
    "PackedSequence": lambda: nn.utils.rnn.pack_sequence([torch.ones(2, 1)]),
    "TensorDataset": lambda: torch.utils.data.TensorDataset(torch.ones(2)),
    "Subset": lambda: torch.utils.data.Subset(torch.utils.data.TensorDataset(torch.ones(2)), [0]),
    "DataLoader": _loader,
    "samplers": lambda: [torch.utils.data.SequentialSampler([1]), torch.utils.data.RandomSampler([1])],
    "distribution": lambda: torch.distributions.Normal(torch.zeros(1), torch.ones(1)),
    "Exponential moving average": lambda: torch.optim.swa_utils.AveragedModel(_net()),
    "TrainingArguments": _arguments,
    "OrderedDict of tensors and numbers": lambda: collections.OrderedDict(a=torch.ones(1), b=1.5),
}  # fmt: skip


def _with_attribute(parameter: Any) -> Any:
    parameter.rank = 3
    return parameter


ASKS: dict[str, str] = {
    "layers that are not made yet": "They hold bound methods, and a method of an instance is whatever the instance holds.",
    "nested tensor": "torch makes it of sizes and offsets that it does not hold against the bytes.",
    **dict.fromkeys(
        ("sparse tensor", "sparse tensor by rows"),
        "In a plain pickle and in the format before 1.6 nobody holds the indices against the sizes; torch does not either.",
    ),
}


def write(value: Any) -> list[bytes]:
    """torch's two formats, and a plain pickle."""
    written = []
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save(value, file, _use_new_zipfile_serialization=zipped)
        written.append(file.getvalue())
    return [*written, pickle.dumps(value), pickle.dumps(value, 2)]


SUITE = Suite(library="torch", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
