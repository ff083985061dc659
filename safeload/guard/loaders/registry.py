"""The libraries that are known, in the order in which they are asked."""

from __future__ import annotations

from safeload.errors import UsageError
from safeload.guard.interface import Loader
from safeload.guard.loaders.boosters import CatBoost, LightGBM, XGBoost
from safeload.guard.loaders.files import Files
from safeload.guard.loaders.joblib import Joblib
from safeload.guard.loaders.keras import Keras
from safeload.guard.loaders.numpy import Numpy
from safeload.guard.loaders.pandas import Pandas
from safeload.guard.loaders.pickle import Pickle
from safeload.guard.loaders.pickles import CloudPickle, Dill, DillSession
from safeload.guard.loaders.shelve import Shelve
from safeload.guard.loaders.skops import Skops, SkopsBelow, SkopsBytes
from safeload.guard.loaders.torch import Torch
from safeload.guard.loaders.torch_checkpoint import TorchCheckpoint
from safeload.guard.loaders.torch_hub import TorchHub
from safeload.guard.loaders.torch_programs import (
    TorchCompiled,
    TorchExport,
    TorchPackage,
    TorchScript,
    TorchScriptBelow,
    TorchScriptMobile,
)
from safeload.guard.loaders.transformers import Transformers
from safeload.sources.interface import Call, Listing

LOADERS: tuple[Loader, ...] = (
    Transformers(),
    Torch(),
    Joblib(),
    Pickle(),
    TorchScript(),
    TorchScriptBelow(),
    TorchScriptMobile(),
    TorchExport(),
    TorchCompiled(),
    TorchPackage(),
    TorchHub(),
    TorchCheckpoint(),
    Numpy(),
    Pandas(),
    Dill(),
    DillSession(),
    CloudPickle(),
    Shelve(),
    Keras(),
    Skops(),
    SkopsBytes(),
    SkopsBelow(),
    XGBoost(),
    LightGBM(),
    CatBoost(),
    Files(),
)


def loader_for(call: Call, listing: Listing) -> Loader:
    """The loader that was named, else the first that recognises the files. Raises `UsageError` for an unknown name."""
    if call.loader:
        for loader in LOADERS:
            if loader.name == call.loader:
                return loader
        names = ", ".join(loader.name for loader in LOADERS)
        raise UsageError(f"There is no loader {call.loader!r}.", next=f"Give one of {names}.")
    return next(loader for loader in LOADERS if loader.recognises(listing))
