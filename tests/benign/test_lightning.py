# ruff: noqa: E501 -- one case a line
"""What Lightning, torchmetrics, sentence-transformers and diffusers write is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker
from tests.scanners.conftest import saved

from .judging import Suite

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
lightning = pytest.importorskip("lightning")
pytest.importorskip("pytorch_lightning")
torchmetrics = pytest.importorskip("torchmetrics")
sentence_transformers = pytest.importorskip("sentence_transformers")
diffusers = pytest.importorskip("diffusers")

from sentence_transformers.sentence_transformer import modules  # noqa: E402

UNET: dict[str, Any] = {"sample_size": 8, "block_out_channels": (4,), "layers_per_block": 1, "norm_num_groups": 2,
                        "down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",)}  # fmt: skip


def _checkpoint(package: Any) -> bytes:
    """What a real run writes: weights, optimizer, loops, callbacks, settings."""

    class Model(package.LightningModule):  # type: ignore[misc]
        def __init__(self, width: int = 2, rate: float = 0.1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            return self.layer(batch[0]).sum()

        def configure_optimizers(self) -> Any:
            optimiser = torch.optim.Adam(self.parameters(), self.hparams["rate"])
            return [optimiser], [torch.optim.lr_scheduler.StepLR(optimiser, 1)]

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 2)))
    trainer = package.Trainer(
        max_epochs=1, logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu",
        callbacks=[package.pytorch.callbacks.ModelCheckpoint("kept") if hasattr(package, "pytorch") else package.callbacks.ModelCheckpoint("kept")],
    )  # fmt: skip
    trainer.fit(Model(), data)
    trainer.save_checkpoint("model.ckpt")
    return Path("model.ckpt").read_bytes()


REGRESSION = (
    "MeanSquaredError",
    "MeanAbsoluteError",
    "R2Score",
    "MeanMetric",
    "SumMetric",
    "MaxMetric",
    "PearsonCorrCoef",
)
BINARY = ("Accuracy", "F1Score", "AUROC", "Precision", "Recall", "ConfusionMatrix", "CalibrationError")
METRICS: dict[str, Callable[[], Any]] = {
    **{name: (lambda name=name: getattr(torchmetrics, name)()) for name in REGRESSION},
    **{name: (lambda name=name: getattr(torchmetrics, name)(task="binary")) for name in BINARY},
}
SCHEDULES = ("DDPMScheduler", "DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler", "PNDMScheduler",
             "UniPCMultistepScheduler")  # fmt: skip
CASES: dict[str, Callable[[], Any]] = {
    "Lightning checkpoint": lambda: _checkpoint(lightning),
    "PyTorch Lightning checkpoint": lambda: _checkpoint(__import__("pytorch_lightning")),
    **{f"metric {name}": build for name, build in METRICS.items()},
    "metrics": lambda: torchmetrics.MetricCollection([torchmetrics.MeanSquaredError(), torchmetrics.R2Score()]),
    "pooling": lambda: modules.Pooling(8),
    "dense layer": lambda: modules.Dense(4, 4),
    "normalising layer": lambda: modules.Normalize(),
    "U-Net": lambda: diffusers.UNet2DModel(**UNET),
    "autoencoder": lambda: diffusers.AutoencoderKL(block_out_channels=(4,), norm_num_groups=2),
    **{
        name: (lambda name=name: getattr(diffusers, name)())
        for name in SCHEDULES
    },
    "a denoising step": lambda: diffusers.DDPMScheduler().step(torch.ones(1, 2), 5, torch.ones(1, 2)),
}  # fmt: skip
ASKS: dict[str, str] = {}


def write(value: Any) -> list[bytes]:
    return [value] if isinstance(value, bytes) else [saved(value)]


SUITE = Suite(library="lightning and friends", cases=CASES, asks=ASKS, write=write)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
