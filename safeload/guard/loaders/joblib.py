"""joblib: an estimator in one file."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.singlefile import SingleFile


class Joblib(SingleFile):
    """It reads arrays from between the opcodes, so its unpickler needs the whole file."""

    name = "joblib"
    argument = "filename"
    suffixes = (".joblib", ".jl")
    through = ("joblib.numpy_pickle", "joblib.numpy_pickle_compat")
    entries = (Entry(module="joblib", attribute="load"), Entry(module="joblib.numpy_pickle", attribute="load"))
