"""torch: a checkpoint in one file."""

from __future__ import annotations

import os
import pickle
import re
import sys

from safeload.guard.interface import Entry, Grant, Loader
from safeload.guard.loaders import single
from safeload.guard.loaders.buffers import absent, copied, named
from safeload.guard.unpickle import bound
from safeload.lean import Any, Callable, Mapping
from safeload.sources.interface import Call, Listing, Source, Wanted

_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".th")
_PREFERRED = ("model.pt", "pytorch_model.bin")
# As torch itself reads its two switches (torch/serialization.py).
_TRUE = ("1", "y", "yes", "true")
_FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
# Before this release a file could run code under `weights_only=True`, or write outside its tensors:
# https://nvd.nist.gov/vuln/detail/CVE-2025-32434, https://nvd.nist.gov/vuln/detail/CVE-2026-24747
_PROTECTS_ITSELF = (2, 10)
_STRICT = (2, 6)  # it keeps to tensors unless asked otherwise
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(\.[0-9]+)*((a|b|rc|\.dev|\.post)[0-9]+)*(\+[A-Za-z0-9.]+)?")


class Torch(Loader):
    name = "torch"
    entries = (Entry(module="torch.serialization", attribute="load"), Entry(module="torch", attribute="load"))

    def recognises(self, listing: Listing) -> bool:
        return single.recognised(listing, _SUFFIXES, _PREFERRED)

    def scope(self, call: Call, listing: Listing) -> tuple[Wanted, ...]:
        return single.only(call, listing, _SUFFIXES, _PREFERRED)

    def call_of(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call | None:
        target = _target(args, kwargs)
        if target is None or absent(target):
            return None
        if weights_only(args, kwargs) and protects_itself():
            return None
        return Call(target=named(target), loader=self.name, entry="torch.load", options=_plain(kwargs))

    def source_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Source | None:
        return copied(_target(args, kwargs))

    def proceed(
        self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], grant: Grant
    ) -> Any:
        torch, given, tensors = sys.modules["torch"], _pickle_module(args, kwargs), weights_only(args, kwargs)
        # torch leaves indices of sparse tensors unchecked, and later reads where they point.
        with torch.sparse.check_sparse_tensor_invariants(True):
            if tensors and (given is not None or _switch(_FORCED)):
                return original(*args, **kwargs)  # torch takes no unpickler from outside then
            # Who asked for tensors only gets torch's own unpickler for them, over the bytes that were looked at.
            unpickler = torch._weights_only_unpickler if tensors else given or pickle
            pinned = {**kwargs, "pickle_module": bound(unpickler, grant.streams), "weights_only": False}
            return original(*args[:2], **pinned)

    def unasked(self, original: Callable[..., Any], entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Tensors alone, left to torch; which is told to look at the indices of sparse ones, too."""
        if not protects_itself():
            return original(*args, **kwargs)
        with sys.modules["torch"].sparse.check_sparse_tensor_invariants(True):
            return original(*args, **kwargs)

    def load(self, grant: Grant) -> Mapping[str, Any]:
        import torch

        (path,) = grant.files.values()
        return {"model": torch.load(path, weights_only=False, map_location="cpu")}


def _target(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else kwargs.get("f")


def _pickle_module(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return args[2] if len(args) > 2 else kwargs.get("pickle_module")


def weights_only(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Is this `torch.load` asked to keep to tensors? Whether the release can is `protects_itself`."""
    asked = kwargs.get("weights_only")
    if _switch(_FORCED):
        return True
    if asked is None:
        forced = _switch("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
        return not forced and _pickle_module(args, kwargs) is None and (_release() or _STRICT) >= _STRICT
    return bool(asked)


def protects_itself() -> bool:
    """Is it a torch whose `weights_only=True` has no known hole? One whose version cannot be read is not."""
    release = _release()
    return release is not None and release >= _PROTECTS_ITSELF


def _release() -> tuple[int, int] | None:
    """The first two numbers of torch's version. A build on the way to a release counts as that release."""
    found = _VERSION.fullmatch(str(getattr(sys.modules.get("torch"), "__version__", "")))
    return (int(found[1]), int(found[2])) if found else None


def _switch(name: str) -> bool:
    return os.environ.get(name, "0").lower() in _TRUE


def _plain(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if isinstance(value, (str, int, float, bool))}
