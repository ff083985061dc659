"""numpy: arrays of objects."""

from __future__ import annotations

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("numpy",)
DISTRIBUTION = "numpy"
ATTACK = "an array of objects, whose pickle calls a function"


def make(folder, marker):
    import numpy

    value = numpy.array([Runs(marker) if marker else {"a": 1}], dtype=object)
    numpy.save(folder / "a.npy", value)
    numpy.savez(folder / "a.npz", a=numpy.arange(3), b=value)


def ways():
    import numpy
    from numpy import load

    def each(archive):
        return {key: str(archive[key].tolist()) for key in archive}

    def archive_from_file(path):
        with path.open("rb") as file, numpy.load(file, allow_pickle=True) as archive:
            return each(archive)

    return {
        "numpy.load": ("a.npy", lambda path: numpy.load(path, allow_pickle=True).tolist()),
        "numpy.load of an open file": ("a.npy", opened(lambda file: numpy.load(file, allow_pickle=True).tolist())),
        "numpy.load of an archive": ("a.npz", lambda path: each(numpy.load(str(path), None, True))),
        "numpy.load of an open archive": ("a.npz", archive_from_file),
        "numpy.lib.format.read_array": (
            "a.npy",
            opened(lambda file: numpy.lib.format.read_array(file, allow_pickle=True).tolist()),
        ),
        "from numpy import load": ("a.npy", lambda path: load(path, allow_pickle=True).tolist()),
        "from numpy import load, an archive": ("a.npz", lambda path: each(load(path, allow_pickle=True))),
    }
