"""timm: models of the hub, of a folder, and checkpoints."""

from __future__ import annotations

import importlib.machinery
import json
import os
import sys
import types

from tests.libraries.anything import taking_anything
from tests.libraries.payload import Runs
from tests.libraries.running import ROOT

LOADERS = ("timm",)
DISTRIBUTION = "timm"
ALONE = ("timm==1.0.31",)
ATTACK = (
    "weights that are a pickle which calls a function. timm itself asks torch for tensors only, if not told otherwise; "
    "here as in programs where `torch.load` was made to take anything. torchvision, which it has for pictures, is "
    "not there: an empty one stands in for it"
)


class _Empty(type):
    def __getattr__(cls, name):
        return _Empty(name, (), {}) if name[:2] != "__" else super().__getattribute__(name)


class _Pretended:
    """Finds every module of torchvision, with every name in it."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = types.ModuleType(spec.name)
        module.__getattr__ = lambda name: getattr(_Empty("Empty", (), {}), name)
        return module

    def exec_module(self, module):
        pass


def imported():
    sys.meta_path.append(_Pretended())
    import timm

    return timm


def make(folder, marker):
    import torch

    model = imported().create_model("test_resnet.r160_in1k", num_classes=2)
    torch.nn.init.ones_(model.fc.weight)
    value = Runs(marker) if marker else model.state_dict()
    torch.save(value, folder / "pytorch_model.bin")
    settings = {"num_classes": 2, "input_size": [3, 16, 16], "first_conv": "conv1.0", "classifier": "fc"}
    config = {"architecture": "test_resnet", "num_classes": 2, "pretrained_cfg": settings}
    (folder / "config.json").write_text(json.dumps(config))


def ways():
    # Before anything asks where the hub is.
    sys.path.insert(0, str(ROOT / "examples"))
    from hub.server import Hub

    hub = Hub(ROOT / ".libraries" / "hub").start()
    os.environ |= {"HF_ENDPOINT": hub.endpoint, "HF_HUB_DISABLE_TELEMETRY": "1"}
    timm = imported()
    from timm import create_model

    def of_hub(path, make=timm.create_model):
        hub.push(
            f"{path.name}/net", {name: (path / name).read_bytes() for name in ("config.json", "pytorch_model.bin")}
        )
        return used(make(f"hf-hub:{path.name}/net", pretrained=True))

    def used(model):
        return [type(model).__name__, float(model.fc.weight.sum())]

    def checkpoint(path):
        model = timm.create_model("test_resnet", num_classes=2)
        timm.models.load_checkpoint(model, str(path / "pytorch_model.bin"), weights_only=False)
        return used(model)

    def added(path):
        return used(timm.create_model("test_resnet", num_classes=2, checkpoint_path=str(path / "pytorch_model.bin")))

    return {
        'create_model("hf-hub:…", pretrained=True)': ("", taking_anything(lambda path: of_hub(path))),
        'create_model("local-dir:…", pretrained=True)': (
            "",
            taking_anything(lambda path: used(timm.create_model(f"local-dir:{path}", pretrained=True))),
        ),
        "create_model(…, checkpoint_path=…)": ("", taking_anything(added)),
        "load_checkpoint(…, weights_only=False)": ("", checkpoint),
        "from timm import create_model": ("", taking_anything(lambda path: of_hub(path, create_model))),
    }
