"""The libraries that are known, in the order in which they are asked."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.guard.interface import Loader
from safeload.guard.loaders.files import Files
from safeload.guard.loaders.joblib import Joblib
from safeload.guard.loaders.pickle import Pickle
from safeload.guard.loaders.torch import Torch
from safeload.guard.loaders.transformers import Transformers
from safeload.sources.interface import Call, Listing

LOADERS: tuple[Loader, ...] = (Transformers(), Torch(), Joblib(), Pickle(), Files())


def loader_for(call: Call, listing: Listing) -> Loader:
    """The loader that was named, else the first that recognises the files. Raises `UsageError` for an unknown name."""
    if call.loader:
        for loader in LOADERS:
            if loader.name == call.loader:
                return loader
        names = ", ".join(loader.name for loader in LOADERS)
        raise UsageError(f"There is no loader {call.loader!r}.", next=f"Give one of {names}.")
    return next(loader for loader in LOADERS if loader.recognises(listing))
