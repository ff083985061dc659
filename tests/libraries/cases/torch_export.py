"""torch: exported programs."""

from __future__ import annotations

import re
import zipfile

from tests.libraries.files import opened

LOADERS = ("torch.export",)
DISTRIBUTION = "torch"
ATTACK = "a size in the program that is Python text, which loading evaluates"


def make(folder, marker):
    import torch

    sizes = ({0: torch.export.Dim("batch", min=2, max=64)},)
    path = folder / "a.pt2"
    torch.export.save(torch.export.export(torch.nn.Linear(8, 3), (torch.rand(4, 8),), dynamic_shapes=sizes), path)
    if marker is None:
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    attack = f"__import__('os').mkdir('{marker}')".encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if name.endswith("models/model.json"):
                data = re.sub(rb"Symbol\('s\d+', positive=True, integer=True\)", attack, data)
            archive.writestr(name, data)


def ways():
    import torch
    from torch.export import load

    def used(program):
        return repr(tuple(program.module()(torch.ones(2, 8)).shape))

    return {
        "torch.export.load": ("a.pt2", lambda path: used(torch.export.load(path))),
        "torch.export.load of an open file": ("a.pt2", opened(lambda file: used(torch.export.load(file)))),
        "from torch.export import load": ("a.pt2", lambda path: used(load(path))),
    }
