"""torch: a checkpoint in one file."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from typing import Any

from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.guard.loaders.buffers import absent, copied, named
from safeload.guard.unpickle import bound
from safeload.sources.interface import Call, Listing, Source, Wanted

_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".th")
_PREFERRED = ("model.pt", "pytorch_model.bin")
# As torch itself reads its two switches (torch/serialization.py).
_TRUE = ("1", "y", "yes", "true")


class Torch(Loader):
    name = "torch"
    entries = (Entry(module="torch.serialization", attribute="load"), Entry(module="torch", attribute="load"))

    def recognises(self, listing: Listing) -> bool:
        return single.recognised(listing, _SUFFIXES, _PREFERRED)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, _SUFFIXES, _PREFERRED)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(args, kwargs)
        if target is None or absent(target) or weights_only(args, kwargs):
            return None
        return Call(target=named(target), loader=self.name, entry="torch.load", options=_plain(kwargs))

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return copied(_target(args, kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        given = args[2] if len(args) > 2 else kwargs.get("pickle_module")
        pinned = {**kwargs, "pickle_module": bound(given or pickle, grant.streams), "weights_only": False}
        # torch leaves indices of sparse tensors unchecked, and later reads where they point.
        with sys.modules["torch"].sparse.check_sparse_tensor_invariants(True):
            return original(*args[:2], **pinned)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import torch

        (path,) = grant.files.values()
        return {"model": torch.load(path, weights_only=False, map_location="cpu")}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else kwargs.get("f")


def weights_only(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Will this `torch.load` keep to tensors by itself? Follows torch >= 2.6, where that is the default."""
    asked = kwargs.get("weights_only")
    if _switch("TORCH_FORCE_WEIGHTS_ONLY_LOAD"):
        return True
    if asked is None:
        pickle_module = args[2] if len(args) > 2 else kwargs.get("pickle_module")
        return not _switch("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD") and pickle_module is None
    return bool(asked)


def _switch(name: str) -> bool:
    return os.environ.get(name, "0").lower() in _TRUE


def _plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if isinstance(value, (str, int, float, bool))}
