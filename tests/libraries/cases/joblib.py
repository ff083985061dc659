"""joblib: estimators, memory maps."""

from __future__ import annotations

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("joblib",)
DISTRIBUTION = "joblib"
ATTACK = "a pickle, also a compressed one, that calls a function"


def make(folder, marker):
    import joblib
    import numpy

    value = Runs(marker) if marker else {"a": numpy.arange(1000), "b": [1]}
    joblib.dump(value, folder / "a.joblib")
    joblib.dump(value, folder / "a.joblib.z", compress=3)


def ways():
    import joblib
    from joblib import load

    def used(value):
        return f"{type(value['a']).__name__} {int(value['a'].sum())} {value['b']}"

    return {
        "joblib.load": ("a.joblib", lambda path: used(joblib.load(path))),
        "joblib.load, mmap_mode": ("a.joblib", lambda path: used(joblib.load(path, mmap_mode="r"))),
        "joblib.load, mmap_mode='c'": ("a.joblib", lambda path: used(joblib.load(str(path), "c"))),
        "joblib.load, compressed": ("a.joblib.z", lambda path: used(joblib.load(path))),
        "joblib.load of an open file": ("a.joblib", opened(lambda file: used(joblib.load(file)))),
        "from joblib import load": ("a.joblib", lambda path: used(load(path))),
    }
