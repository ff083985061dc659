"""kernels: programs of the hub that take the place of a model's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

LOADERS = ("kernels",)
DISTRIBUTION = "kernels"
REQUIRES = ("kernels==0.17.2",)
ATTACK = "a kernel's own Python, which runs when it is loaded"
# Those of the hub are refused, whoever made them; those of a folder are asked about.
REFUSED = True
_COMMIT = "0" * 39 + "1"
_NAMES = ("net", "early", "layer")  # one a way: a kernel is loaded once in a process


def make(folder, marker):
    """The folder, and the same in the cache of the hub, as if it had been downloaded."""
    hub = Path(os.environ["HF_HOME"], "hub")
    cached = [hub / f"kernels--{folder.name}--{name}" / "snapshots" / _COMMIT for name in _NAMES]
    for number, place in enumerate((folder / "local", *cached)):
        build = place / "build" / "torch-cpu"
        build.mkdir(parents=True)
        run = f"import os\nos.mkdir({str(marker)!r})\n" if marker else ""
        (build / "__init__.py").write_text(f"{run}\ndef twice(x):\n    return 2 * x\n")
        facts = {"name": "net", "id": f"net_{folder.name}_{number}", "version": 1, "license": "MIT",
                 "python-depends": [], "backend": {"type": "cpu"}}  # fmt: skip
        (build / "metadata.json").write_text(json.dumps(facts))


def ways():
    os.environ["HF_HUB_OFFLINE"] = "1"
    import kernels
    from kernels import get_kernel

    def used(kernel):
        return kernel.twice(21)

    def of_hub(path):
        return used(kernels.get_kernel(f"{path.name}/net", revision=_COMMIT, trust_remote_code=True))

    def early(path):
        return used(get_kernel(f"{path.name}/early", revision=_COMMIT, trust_remote_code=True))

    def layer(path):
        named = {"revision": _COMMIT, "trust_remote_code": True}
        return kernels.FuncRepository(f"{path.name}/layer", func_name="twice", **named).load()()(21)

    return {
        "kernels.get_kernel": ("", of_hub),
        "kernels.get_local_kernel": ("local", lambda path: used(kernels.get_local_kernel(path))),
        "from kernels import get_kernel": ("", early),
        "kernels.FuncRepository.load": ("", layer),
    }
