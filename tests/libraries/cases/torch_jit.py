"""torch: TorchScript."""

from __future__ import annotations

from tests.libraries.files import opened

LOADERS = ("torch.jit",)
DISTRIBUTION = "torch"
ATTACK = "a program that makes a file while it is loaded"


def make(folder, marker):
    import torch

    from tests.libraries import scripted

    torch.jit.save(torch.jit.script(scripted.writes(marker) if marker else scripted.Net()), folder / "a.pt")


def ways():
    import torch
    from torch.jit import load

    def used(module):
        return repr(module(torch.ones(2)).tolist())

    return {
        "torch.jit.load": ("a.pt", lambda path: used(torch.jit.load(path))),
        "torch.jit.load of an open file": ("a.pt", opened(lambda file: used(torch.jit.load(file)))),
        "torch.load": ("a.pt", lambda path: used(torch.load(path, weights_only=False))),
        "from torch.jit import load": ("a.pt", lambda path: used(load(str(path)))),
        "from torch.jit import load, an open file": ("a.pt", opened(lambda file: used(load(file)))),
    }
