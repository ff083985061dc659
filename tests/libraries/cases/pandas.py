"""pandas: tables in pickles."""

from __future__ import annotations

import pickle

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("pandas",)
DISTRIBUTION = "pandas"
ATTACK = "a pickle, also a compressed one, that calls a function"


def make(folder, marker):
    import pandas

    pandas.options.mode.string_storage = "python"  # what it is without pyarrow
    value = Runs(marker) if marker else pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    for name in ("a.pkl", "a.pkl.gz", "a.pkl.xz", "a.zip"):
        pandas.to_pickle(value, folder / name)
    (folder / "plain.pkl").write_bytes(pickle.dumps(value))


def ways():
    import pandas
    from pandas import read_pickle

    return {
        "pandas.read_pickle": ("a.pkl", lambda path: pandas.read_pickle(path).to_dict()),
        "pandas.read_pickle, gzip": ("a.pkl.gz", lambda path: pandas.read_pickle(str(path)).to_dict()),
        "pandas.read_pickle, xz": ("a.pkl.xz", lambda path: pandas.read_pickle(filepath_or_buffer=path).to_dict()),
        "pandas.read_pickle, zip": ("a.zip", lambda path: pandas.read_pickle(path).to_dict()),
        "pandas.read_pickle of an open file": ("a.pkl", opened(lambda file: pandas.read_pickle(file).to_dict())),
        "from pandas import read_pickle": ("a.pkl", lambda path: read_pickle(path).to_dict()),
    }
