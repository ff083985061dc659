"""pandas, with PyTables: HDF5 files with pickled objects in them."""

from __future__ import annotations

from tests.libraries.payload import Runs

LOADERS = ("pickle",)
DISTRIBUTION = "tables"
REQUIRES = ("tables",)
HIDES = True
ATTACK = "an attribute, or a column of objects, that is a pickle; PyTables reads them by `pickle.loads`"


def make(folder, marker):
    import warnings

    import pandas
    import tables

    warnings.simplefilter("ignore")
    pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}).to_hdf(folder / "a.h5", key="t")
    with tables.open_file(str(folder / "a.h5"), "a") as file:
        file.root.t._v_attrs.more = Runs(marker) if marker else {"a": 1}
    with tables.open_file(str(folder / "b.h5"), "w") as file:
        array = file.create_vlarray("/", "o", tables.ObjectAtom())
        array.append(Runs(marker) if marker else [1, 2.5])


def ways():
    import pandas
    import tables
    from pandas import read_hdf

    def objects(path):
        with tables.open_file(str(path)) as file:
            return repr(file.root.o[0])

    def attribute(path):
        with tables.open_file(str(path)) as file:
            return repr(file.root.t._v_attrs.more)

    return {
        "pandas.read_hdf": ("a.h5", lambda path: pandas.read_hdf(path, "t").to_dict()),
        "from pandas import read_hdf": ("a.h5", lambda path: read_hdf(path, "t").to_dict()),
        "tables, an attribute": ("a.h5", attribute),
        "tables, an array of objects": ("b.h5", objects),
    }
