"""torch: checkpoints, also distributed ones."""

from __future__ import annotations

import pickle

from tests.libraries.payload import Runs

LOADERS = ("torch", "torch.distributed.checkpoint")
DISTRIBUTION = "torch"
ATTACK = "a checkpoint, or the `.metadata` of a distributed one, whose pickle calls a function"


def make(folder, marker):
    import torch
    import torch.distributed.checkpoint as dcp

    torch.save(Runs(marker) if marker else {"a": torch.ones(2)}, folder / "a.pt")
    dcp.save({"a": torch.arange(4.0), "step": 7, "more": {"lr": [0.1]}}, checkpoint_id=folder / "dcp", no_dist=True)
    if marker:
        (folder / "dcp" / ".metadata").write_bytes(pickle.dumps(Runs(marker)))


def ways():
    import torch
    import torch.distributed.checkpoint as dcp
    from torch import load
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save

    def distributed(path):
        state = {"a": torch.zeros(4), "step": 0, "more": {"lr": [0.0]}}
        dcp.load(state, checkpoint_id=path, no_dist=True)
        return repr(state)

    def converted(path):
        dcp_to_torch_save(path, path.parent / "converted.pt")
        return repr(torch.load(path.parent / "converted.pt"))

    return {
        "torch.load": ("a.pt", lambda path: repr(torch.load(path, weights_only=False))),
        "from torch import load": ("a.pt", lambda path: repr(load(path, weights_only=False))),
        "torch.distributed.checkpoint.load": ("dcp", distributed),
        "from torch.distributed.checkpoint.format_utils import dcp_to_torch_save": ("dcp", converted),
    }
