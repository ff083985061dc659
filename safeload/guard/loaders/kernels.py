"""kernels: programs of the hub that take the place of a model's own."""

from __future__ import annotations

import os

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.code_folder import CodeFolder
from safeload.guard.loaders.refused import refused
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing
from safeload.sources.local import absolute


class Kernels(CodeFolder):
    """From a folder its Python is decided on. What comes from the hub is compiled, and run in this process: refused.

    Who does not come by here is stopped by the hook, which knows code in a cache of kernels.
    """

    name = "kernels"
    # `get_kernel`, `get_local_kernel`, `load_kernel` and layers that are replaced come here.
    entries = (Entry(module="kernels.load", attribute="get_kernel_with_resolver", everywhere=True),)

    def recognises(self, listing: Listing) -> bool:
        return False

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        named = str(getattr(kwargs.get("kernel"), "repo_id", ""))
        if os.path.isdir(named):  # noqa: PTH112
            return Call(target=absolute(named), loader=self.name, entry=self.name)
        raise refused(
            f"{named} is a kernel: programs of a repository, which run in this process and which safeload cannot look "
            "at.",
            what=f"the kernel {named}",
            reader=self.name,
            next='Use the model without it (attn_implementation="sdpa", use_kernels=False), or build it from a source '
            'that you have read, and load the folder: kernels.get_local_kernel(Path("./it")).',
        )

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A kernel is for a model.", next="Call `kernels.get_local_kernel`, guarded.")
