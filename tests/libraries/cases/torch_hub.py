"""torch: models that a repository makes."""

from __future__ import annotations

LOADERS = ("torch.hub",)
DISTRIBUTION = "torch"
ATTACK = "`hubconf.py`, or a module that it imports"
# Code of a repository is asked about, ordinary or not: it runs by design.
ASKED = True


def make(folder, marker):
    for name, effect in (("conf", "hubconf"), ("module", "inner")):
        place = folder / name
        place.mkdir()
        run = f"import os\nos.mkdir({str(marker)!r})\n" if marker else ""
        (place / "hubconf.py").write_text(
            f"from inner_{name} import made\n{run if effect == 'hubconf' else ''}\ndef model():\n    return made()\n"
        )
        (place / f"inner_{name}.py").write_text(
            f"{run if effect == 'inner' else ''}\nimport torch\n\ndef made():\n    return torch.nn.Linear(2, 1)\n"
        )


def ways():
    import torch
    from torch.hub import load

    return {
        "torch.hub.load": ("conf", lambda path: repr(torch.hub.load(str(path), "model", source="local"))),
        "torch.hub.load, an inner module": (
            "module",
            lambda path: repr(torch.hub.load(repo_or_dir=str(path), model="model", source="local")),
        ),
        "from torch.hub import load": ("conf", lambda path: repr(load(str(path), "model", source="local"))),
    }
