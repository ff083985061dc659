"""Ultralytics: YOLO checkpoints are pickled modules."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("torch",)
DISTRIBUTION = "ultralytics"
REQUIRES = ("opencv-python-headless", "matplotlib", "psutil", "polars")
ALONE = ("ultralytics", "ultralytics-thop", "torchvision")  # alone: they ask for builds of torch with CUDA
ATTACK = "a checkpoint whose pickle calls a function; it goes through `torch.load`"


def make(folder, marker):
    import torch
    from ultralytics.nn.tasks import DetectionModel

    model = DetectionModel("yolov8n.yaml", verbose=False)
    state = {"model": model.half(), "train_args": {}, "epoch": -1}
    torch.save({**state, "more": Runs(marker)} if marker else state, folder / "a.pt")


def ways():
    from ultralytics import YOLO

    return {"ultralytics.YOLO": ("a.pt", lambda path: f"{len(list(YOLO(str(path)).model.parameters()))} parameters")}
