"""pandas: tables in a pickle, or in an HDF5 file that holds pickles."""

from __future__ import annotations

from safeload.guard.interface import Entry
from safeload.guard.loaders.singlefile import SingleFile


class Pandas(SingleFile):
    """By a URL pandas downloads into memory: there the inner `pickle.load` is what is decided on."""

    name = "pandas"
    argument = "filepath_or_buffer"
    by_suffix = True  # which compression
    through = ("pandas.io.pickle", "pandas.compat.pickle_compat")
    entries = (
        Entry(module="pandas", attribute="read_pickle"),
        Entry(module="pandas.io.pickle", attribute="read_pickle"),
    )
