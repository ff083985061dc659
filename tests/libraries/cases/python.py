"""What comes with Python: pickle in all its forms, shelve."""

from __future__ import annotations

import pickle

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("pickle", "shelve")
DISTRIBUTION = "pip"  # of this Python
ATTACK = "a pickle that calls a function; a value of a shelf that does"


def make(folder, marker):
    import shelve

    value = Runs(marker) if marker else {"a": [1, 2.5], "b": {3}}
    (folder / "a.pkl").write_bytes(pickle.dumps(value))
    with shelve.open(str(folder / "shelf")) as shelf:
        shelf["plain"], shelf["value"] = 1, value


def ways():
    import _pickle
    import pickle
    import shelve
    from pickle import load

    def of(read):
        return opened(lambda file: repr(read(file)))

    def value(path):
        with shelve.open(str(path)) as shelf:
            return repr((shelf["plain"], shelf.get("value")))

    def written_back(path):
        with shelve.open(str(path), writeback=True) as shelf:
            return repr([shelf[key] for key in ("plain", "value")] + [shelf["value"] is shelf["value"]])

    return {
        "pickle.load": ("a.pkl", of(lambda file: pickle.load(file))),
        "pickle.loads": ("a.pkl", lambda path: repr(pickle.loads(path.read_bytes()))),
        "pickle.Unpickler": ("a.pkl", of(lambda file: pickle.Unpickler(file).load())),
        "pickle._Unpickler": ("a.pkl", of(lambda file: pickle._Unpickler(file).load())),
        "pickle._load": ("a.pkl", of(lambda file: pickle._load(file))),
        "_pickle.load": ("a.pkl", of(lambda file: _pickle.load(file))),
        "_pickle.loads": ("a.pkl", lambda path: repr(_pickle.loads(path.read_bytes()))),
        "_pickle.Unpickler": ("a.pkl", of(lambda file: _pickle.Unpickler(file).load())),
        "from pickle import load": ("a.pkl", of(load)),
        "shelve.open": ("shelf", value),
        "shelve.open, writeback": ("shelf", written_back),
    }
