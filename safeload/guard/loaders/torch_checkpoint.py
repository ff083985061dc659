"""torch.distributed.checkpoint: a folder of shards, whose `.metadata` is a plain pickle."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.buffers import named
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted

_HOME = "torch.distributed.checkpoint"
_METADATA = ".metadata"


class TorchCheckpoint(Loader):
    """The metadata is decided on here. Its shards are slices, each of which torch hands to `torch.load`: tensors with
    `weights_only=True`, other values not, and those are looked at one by one.
    """

    name = "torch.distributed.checkpoint"
    entries = (
        Entry(module=f"{_HOME}.state_dict_loader", attribute="load"),
        Entry(module=_HOME, attribute="load"),
        Entry(module=f"{_HOME}.state_dict_loader", attribute="load_state_dict"),
        Entry(module=_HOME, attribute="load_state_dict"),
        Entry(module=f"{_HOME}.format_utils", attribute="dcp_to_torch_save"),
    )

    def recognises(self, listing: Listing) -> bool:
        return _METADATA in listing.paths

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        found = [path for path in sorted(listing.paths) if path.endswith(_METADATA)]
        if not found:
            raise UsageError(f"{call.target} has no {_METADATA}.", next="Name the folder of a checkpoint.")
        return tuple(Wanted(path=path, role=Role.WEIGHTS) for path in found)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        folder = kwargs.get("checkpoint_id") or kwargs.get("dcp_checkpoint_dir")
        if entry.attribute == "dcp_to_torch_save" and args:
            folder = args[0]
        if folder is None:
            reader = kwargs.get("storage_reader") or (args[1] if len(args) > 1 else None)
            folder = getattr(reader, "path", None)
        # A storage elsewhere has its own reader: what that unpickles, the hook sees.
        if not isinstance(folder, (str, os.PathLike)) or not (Path(folder) / _METADATA).is_file():
            return None
        return Call(target=named(folder), loader=self.name, entry=self.name)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A checkpoint is loaded into a model.", next=f"{_HOME}.load(state, checkpoint_id=…)")
