"""accelerate: a checkpoint of a training run, or of a model, in one folder."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from safeload.errors import UsageError
from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders.buffers import absent, named
from safeload.lean import Any, Mapping
from safeload.sources.interface import Call, Listing, Role, Wanted

_STATE = "Accelerator.load_state"
# What `save_state` writes; `custom_checkpoint_N.pkl` is unpickled without limits.
_STATES = ("model*.safetensors", "model*.safetensors.index.json", "pytorch_model*.bin", "pytorch_model*.bin.index.json",
           "optimizer*.bin", "scheduler*.bin", "sampler*.bin", "dl_state_dict*.bin", "scaler.pt", "random_states_*.pkl",
           "custom_checkpoint_*.pkl")  # fmt: skip
# Distributed runs keep folders of shards, whose metadata is a pickle.
_SHARDED = ("pytorch_model_fsdp*/*", "optimizer*/*")
_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".index.json")


class Accelerate(Loader):
    name = "accelerate"
    entries = (
        Entry(module="accelerate.accelerator", attribute=_STATE),
        Entry(module="accelerate.utils.modeling", attribute="load_checkpoint_in_model", everywhere=True),
        Entry(module="accelerate.big_modeling", attribute="load_checkpoint_and_dispatch", everywhere=True),
    )

    def recognises(self, listing: Listing) -> bool:
        return False

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        if len(listing.paths) == 1:
            return tuple(Wanted(path=path, role=Role.WEIGHTS) for path in listing.paths)
        if call.entry.endswith(_STATE):
            found = [path for path in sorted(listing.paths) if _is_state(path)]
        else:
            found = [path for path in sorted(listing.paths) if "/" not in path and path.endswith(_WEIGHTS)]
        return tuple(Wanted(path=p, role=Role.CONFIG if p.endswith(".json") else Role.WEIGHTS) for p in found)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        given = args[1] if len(args) > 1 else kwargs.get("input_dir" if entry.attribute == _STATE else "checkpoint")
        if given is None and entry.attribute == _STATE:
            given = _latest(args[0])
        if given is None or absent(given):
            return None
        return Call(target=named(given), loader=self.name, entry=f"{self.name}.{entry.attribute}")

    def load(self, grant: Grant) -> Mapping[str, Any]:
        raise UsageError("A checkpoint needs what it is a checkpoint of.", next="Call `load_state`, guarded.")


def _is_state(path: str) -> bool:
    patterns = _SHARDED if "/" in path else _STATES
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _latest(accelerator: Any) -> str | None:
    """The folder that `load_state` takes when none is given: the one with the highest number."""
    try:
        if not accelerator.project_configuration.automatic_checkpoint_naming:
            return None
        numbered = {int(p.name.rpartition("_")[2]): p for p in Path(accelerator.project_dir, "checkpoints").iterdir()}
        return str(numbered[max(numbered)])
    except (AttributeError, OSError, TypeError, ValueError):
        return None  # then accelerate itself says what is wrong, or each file is decided on by itself
